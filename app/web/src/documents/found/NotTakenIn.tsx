import { Button, Group, Stack, Table, Text, Title } from "@mantine/core";
import { IconRefresh } from "@tabler/icons-react";
import { notifications } from "@mantine/notifications";
import { api, queries, type Schemas } from "@/api/client";
import { refresh } from "@/api/queryClient";
import { Confirmed } from "@/kit/Confirmed";
import { Empty } from "@/kit/Empty";
import { Link } from "@/kit/Link";
import { More } from "@/kit/More";
import { Shown } from "@/kit/Shown";
import { StateBadge } from "@/kit/StateBadge";
import { When } from "@/kit/When";
import { inWords } from "@/runs/run";
import { placeOf } from "../kinds";
import { whenEnded } from "../whenEnded";
import { ruleInWords } from "./words";

/** What failed, and what the rules of the collection hold back. */
export function NotTakenIn({ collection }: { collection: string }) {
  return (
    <Stack gap="xl">
      <section>
        <Title order={2} size="h4">Held back by the rules</Title>
        <Text size="sm" c="dimmed" mb="xs">The rules of this collection keep these out, until somebody lets them in. What is let in is accepted for this very content: a changed file is examined anew.</Text>
        <Held collection={collection} />
      </section>
      <section>
        <Title order={2} size="h4">Failed</Title>
        <Text size="sm" c="dimmed" mb="xs">These could not be taken in, and have not been since. Where an older state of a document is known, that is still found.</Text>
        <Failed collection={collection} />
      </section>
    </Stack>
  );
}

function Held({ collection }: { collection: string }) {
  const query = queries.useInfiniteQuery("get", "/v1/collections/{name}/quarantine", { params: { path: { name: collection }, query: { limit: 50 } } },
    { pageParamName: "after", initialPageParam: null, getNextPageParam: ({ next }: { next: string | null }) => next ?? undefined });
  return (
    <Shown query={query}>
      {({ pages }) => {
        const held = pages.flatMap((page) => page.documents);
        if (held.length === 0) return <Empty title="Nothing is held back" />;
        return (
          <Stack>
            <Table.ScrollContainer minWidth={620}>
              <Table verticalSpacing="xs">
                <Table.Thead>
                  <Table.Tr>
                    <Table.Th scope="col">Document</Table.Th>
                    <Table.Th scope="col">Why</Table.Th>
                    <Table.Th scope="col">Since</Table.Th>
                    <Table.Td />
                  </Table.Tr>
                </Table.Thead>
                <Table.Tbody>
                  {held.map((one) => <HeldRow key={one.id} held={one} />)}
                </Table.Tbody>
              </Table>
            </Table.ScrollContainer>
            <More query={query} />
          </Stack>
        );
      }}
    </Shown>
  );
}

function HeldRow({ held }: { held: Schemas["HeldBody"] }) {
  const found = held.findings.map(({ rule, kind, count }) => `${ruleInWords(rule || kind)}${count > 1 ? ` (${count})` : ""}`);
  return (
    <Table.Tr>
      <Table.Td className="breakable" dir="auto">{held.name}</Table.Td>
      <Table.Td className="breakable">
        {held.reason}
        {found.length > 0 && <Text size="xs" c="dimmed">{[...new Set(found)].join(", ")}</Text>}
      </Table.Td>
      <Table.Td><When at={held.held_at} /></Table.Td>
      <Table.Td ta="right">
        <Confirmed size="xs" variant="default" label="Let it in" question={`Let ${held.name} in?`} verb="Let it in"
          consequence="It is taken in as it is, and found by whoever may read it. That you did so is noted."
          onConfirm={async () => {
            const { data: run } = await api.POST("/v1/quarantine/{held_id}/release", { params: { path: { held_id: held.id } } });
            notifications.show({ message: `${held.name} is being taken in.` });
            await refresh("/v1/collections", "/v1/ingestions");
            if (run) void refreshedAtItsEnd(run.id);
          }} />
      </Table.Td>
    </Table.Tr>
  );
}

function Failed({ collection }: { collection: string }) {
  const query = queries.useInfiniteQuery("get", "/v1/collections/{name}/failures", { params: { path: { name: collection }, query: { limit: 50 } } },
    { pageParamName: "before", initialPageParam: null, getNextPageParam: ({ next }: { next: string | null }) => next ?? undefined });
  return (
    <Shown query={query}>
      {({ pages }) => {
        // What the rules hold back stands above.
        const failures = pages.flatMap((page) => page.failures).filter(({ kind }) => kind !== "policy");
        if (failures.length === 0) return <Empty title="Everything was taken in" />;
        return (
          <Stack>
            <Table.ScrollContainer minWidth={700}>
              <Table verticalSpacing="xs">
                <Table.Thead>
                  <Table.Tr>
                    <Table.Th scope="col">Document</Table.Th>
                    <Table.Th scope="col">State</Table.Th>
                    <Table.Th scope="col">Why, and what to do</Table.Th>
                    <Table.Th scope="col">When</Table.Th>
                    <Table.Td />
                  </Table.Tr>
                </Table.Thead>
                <Table.Tbody>
                  {failures.map((one) => <FailedRow key={`${one.run_id} ${one.ordinal}`} failure={one} />)}
                </Table.Tbody>
              </Table>
            </Table.ScrollContainer>
            <More query={query} label="Show older failures" />
          </Stack>
        );
      }}
    </Shown>
  );
}

const ADVICE: Record<string, string> = {
  unreadable: "The file is damaged: save it anew with the program it comes from.",
  unsupported: "Nobody reads this kind of file: save it as PDF or text.",
  empty: "There is no text in it.",
  encrypted: "Remove the password, then upload it again.",
  needs_ocr: "Its text is a picture, and the server has no language data to read that with.",
  resource_limit: "It took too much time or memory: split it into smaller files.",
  crash: "It ended the program that reads it. Try once more, or save it anew.",
  same_name: "Another file of this name came with it: rename one of them.",
  storage_full: "The server's disk is full: ask whoever runs it to make room, then try again.",
  not_found: "The file was deleted meanwhile: upload it again.",
  error: "The fault is not the document's: ask whoever runs the server, or try again.",
};

async function refreshedAtItsEnd(runId: string): Promise<void> {
  await whenEnded(runId).catch(() => undefined); // what cannot be followed is looked at all the same
  await refresh("/v1/collections", "/v1/documents", "/v1/ingestions");
}

function FailedRow({ failure }: { failure: Schemas["UnmendedBody"] }) {
  const retry = queries.useMutation("post", "/v1/ingestions/{run_id}/retry", {
    onSuccess: async () => {
      notifications.show({ message: `${failure.name} is tried again.` });
      await refresh("/v1/collections/{name}/failures", "/v1/ingestions");
      void refreshedAtItsEnd(failure.run_id);
    },
  });
  return (
    <Table.Tr>
      <Table.Td className="breakable" dir="auto">
        {failure.name}
        <Text size="xs" c="dimmed" lineClamp={2}>{placeOf(failure.uri)}</Text>
      </Table.Td>
      <Table.Td><StateBadge state={inWords(failure.state)} /></Table.Td>
      <Table.Td className="breakable">
        {failure.reason}
        {ADVICE[failure.kind] && <Text size="xs" c="dimmed">{ADVICE[failure.kind]}</Text>}
      </Table.Td>
      <Table.Td><Link to="/runs/$runId" params={{ runId: failure.run_id }} size="sm"><When at={failure.failed_at} /></Link></Table.Td>
      <Table.Td ta="right">
        <Group justify="flex-end">
          <Button size="xs" variant="default" leftSection={<IconRefresh size={14} aria-hidden />} loading={retry.isPending} aria-label={`Try again: ${failure.name}`}
            onClick={() => retry.mutate({ params: { path: { run_id: failure.run_id } }, body: { documents: [failure.ordinal] } })}>
            Try again
          </Button>
        </Group>
      </Table.Td>
    </Table.Tr>
  );
}
