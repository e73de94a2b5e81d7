import { useState } from "react";
import { Button, Group, Stack, Table, Text } from "@mantine/core";
import { IconPlus } from "@tabler/icons-react";
import { queries, type Schemas } from "@/api/client";
import { Empty } from "@/kit/Empty";
import { Link } from "@/kit/Link";
import { count } from "@/kit/numbers";
import { Shown } from "@/kit/Shown";
import { StateBadge } from "@/kit/StateBadge";
import { When } from "@/kit/When";
import { moving, outcomes } from "@/runs/run";
import { useRole } from "@/session/session";
import { scheduleInWords } from "./schedule";
import { SourceActions } from "./SourceActions";
import { kindOfSource, SourceForm } from "./SourceForm";

type Source = Schemas["SourceBody"];

const MOVES_MS = 3_000;

/** Where the documents of a collection come from by themselves. */
export function SourcesTab({ collection }: { collection: string }) {
  const { administrator } = useRole();
  const [asksNew, setAsksNew] = useState(false);
  const query = queries.useQuery("get", "/v1/sources", {}, {
    refetchInterval: (asked) => (asked.state.data?.sources.some(({ last_run }) => last_run && moving(last_run)) ? MOVES_MS : false),
  });
  return (
    <Stack>
      <Group justify="space-between">
        <Text size="sm" c="dimmed" maw={640}>A source is a place that documents come from by themselves: what is new is taken in, what changed is read again, what is gone is deleted.</Text>
        {administrator && <Button leftSection={<IconPlus size={16} aria-hidden />} onClick={() => setAsksNew(true)}>New source</Button>}
      </Group>
      {asksNew && <SourceForm collection={collection} onClose={() => setAsksNew(false)} />}
      <Shown query={query}>
        {({ sources }) => {
          const own = sources.filter((one) => one.collection === collection);
          if (own.length === 0) return <Empty title="No sources yet">{administrator ? "Set one up for a folder, a web site or a bucket." : "Administrators set them up."}</Empty>;
          return <Sources sources={own} />;
        }}
      </Shown>
    </Stack>
  );
}

function Sources({ sources }: { sources: Source[] }) {
  return (
    <Table.ScrollContainer minWidth={780}>
      <Table verticalSpacing="xs">
        <Table.Thead>
          <Table.Tr>
            <Table.Th scope="col">Name</Table.Th>
            <Table.Th scope="col">Kind</Table.Th>
            <Table.Th scope="col">When</Table.Th>
            <Table.Th scope="col">Last run</Table.Th>
            <Table.Th scope="col">Next</Table.Th>
            <Table.Td />
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {sources.map((source) => (
            <Table.Tr key={source.id}>
              <Table.Td><Link to="/sources/$sourceId" params={{ sourceId: source.id }} className="breakable">{source.name}</Link></Table.Td>
              <Table.Td>{kindOfSource(source.kind)}</Table.Td>
              <Table.Td>{source.paused ? <StateBadge state="paused" /> : scheduleInWords(source)}</Table.Td>
              <Table.Td><LastRun source={source} /></Table.Td>
              <Table.Td><When at={source.paused ? null : source.next_sync_at} empty="not planned" /></Table.Td>
              <Table.Td ta="right"><SourceActions source={source} compact /></Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}

function LastRun({ source }: { source: Source }) {
  const run = source.last_run;
  if (!run) return <Text size="sm" c="dimmed">none lately</Text>;
  return (
    <>
      <Group gap="xs" wrap="nowrap">
        <StateBadge state={run.state} />
        <Link to="/runs/$runId" params={{ runId: run.id }} size="sm"><When at={run.created_at} /></Link>
      </Group>
      <Text size="xs" c={run.reason ? "red" : "dimmed"} className="breakable" lineClamp={2}>{run.reason ?? (moving(run) ? `${run.progress.done} of ${count(run.progress.total, "document")}` : outcomes(run.progress))}</Text>
    </>
  );
}
