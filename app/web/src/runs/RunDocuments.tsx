import { useState } from "react";
import { SegmentedControl, Stack, Table, Text } from "@mantine/core";
import { queries } from "@/api/client";
import { Empty } from "@/kit/Empty";
import { More } from "@/kit/More";
import { bytes, grouped, seconds } from "@/kit/numbers";
import { Shown } from "@/kit/Shown";
import { StateBadge } from "@/kit/StateBadge";
import { inWords, type DocumentState, type Run, type RunDocument } from "./run";

const FILTERS: { value: string; label: string; states: DocumentState[] | undefined }[] = [
  { value: "all", label: "All", states: undefined },
  { value: "waiting", label: "Waiting", states: ["queued"] },
  { value: "working", label: "At work", states: ["working", "staged"] },
  { value: "done", label: "Done", states: ["done"] },
  { value: "failed", label: "Failed", states: ["failed"] },
  { value: "quarantined", label: "Held back", states: ["quarantined"] },
  { value: "cancelled", label: "Cancelled", states: ["cancelled"] },
];

function counted(value: string, { progress }: Run): number {
  const { total, queued, working, staged, failed, quarantined, cancelled, done } = progress;
  const counts: Record<string, number> = { all: total, waiting: queued, working: working + staged, failed, quarantined, cancelled,
    done: done - failed - quarantined - cancelled };
  return counts[value] ?? 0;
}

/** The documents of a run, all or those in one state. */
export function RunDocuments({ run }: { run: Run }) {
  const [shown, setShown] = useState("all");
  const choices = FILTERS.filter(({ value }) => value === "all" || value === shown || counted(value, run) > 0);
  return (
    <Stack gap="sm">
      <div className="scrolled-choice">
        <SegmentedControl value={shown} onChange={setShown} aria-label="Show documents in state" size="xs"
          data={choices.map(({ value, label }) => ({ value, label: `${label} ${grouped(counted(value, run))}` }))} />
      </div>
      <Listed runId={run.id} states={FILTERS.find(({ value }) => value === shown)?.states} />
    </Stack>
  );
}

function Listed({ runId, states }: { runId: string; states: DocumentState[] | undefined }) {
  const query = queries.useInfiniteQuery("get", "/v1/ingestions/{run_id}/documents",
    { params: { path: { run_id: runId }, query: { limit: 100, state: states } } },
    { pageParamName: "after", initialPageParam: null, getNextPageParam: ({ next }: { next: number | null }) => next ?? undefined });
  return (
    <Shown query={query}>
      {({ pages }) => {
        const documents = pages.flatMap((page) => page.documents);
        if (documents.length === 0) return <Empty title="No documents in this state" />;
        return (
          <Stack>
            <Table.ScrollContainer minWidth={680}>
              <Table verticalSpacing="xs">
                <Table.Thead>
                  <Table.Tr>
                    <Table.Th scope="col">Document</Table.Th>
                    <Table.Th scope="col">State</Table.Th>
                    <Table.Th scope="col" ta="right">Size</Table.Th>
                    <Table.Th scope="col" ta="right">Chunks</Table.Th>
                    <Table.Th scope="col" ta="right">Attempts</Table.Th>
                    <Table.Th scope="col" ta="right">Time</Table.Th>
                  </Table.Tr>
                </Table.Thead>
                <Table.Tbody>
                  {documents.map((document) => <Row key={document.ordinal} document={document} />)}
                </Table.Tbody>
              </Table>
            </Table.ScrollContainer>
            <More query={query} label="Show more documents" />
          </Stack>
        );
      }}
    </Shown>
  );
}

function Row({ document }: { document: RunDocument }) {
  const ms = Object.values(document.timings_ms).reduce((sum, one) => sum + one, 0);
  return (
    <Table.Tr>
      <Table.Td className="breakable">
        {document.name}
        {document.reason && <Text size="sm" c="dimmed">{document.reason}</Text>}
      </Table.Td>
      <Table.Td><StateBadge state={inWords(document.outcome ?? document.state)} /></Table.Td>
      <Table.Td ta="right" className="figures nowrap">{bytes(document.size_bytes)}</Table.Td>
      <Table.Td ta="right" className="figures">{grouped(document.chunks)}</Table.Td>
      <Table.Td ta="right" className="figures">{document.attempts}</Table.Td>
      <Table.Td ta="right" className="figures nowrap">{ms > 0 ? seconds(ms / 1000) : ""}</Table.Td>
    </Table.Tr>
  );
}
