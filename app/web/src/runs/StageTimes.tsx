import { Progress, Table, Text } from "@mantine/core";
import { queries } from "@/api/client";
import { Empty } from "@/kit/Empty";
import { count, grouped, percent } from "@/kit/numbers";
import { Shown } from "@/kit/Shown";
import { stageTimes, type Run } from "./run";

const STAGES: Record<string, string> = {
  load: "Load the file", parse: "Read it", examine: "Examine it", chunk: "Cut it into chunks", embed: "Make vectors", stage: "Write it down",
  publish: "Publish it",
};
const LOOKED_AT = 1_000;

/** Where the time of a run went, stage by stage. */
export function StageTimes({ run }: { run: Run }) {
  const query = queries.useQuery("get", "/v1/ingestions/{run_id}/documents",
    { params: { path: { run_id: run.id }, query: { limit: LOOKED_AT } } });
  return (
    <Shown query={query}>
      {({ documents }) => {
        const times = stageTimes(documents);
        const all = times.reduce((sum, { totalMs }) => sum + totalMs, 0);
        if (times.length === 0) return <Empty title="Nothing was measured">Documents that did not change take no time.</Empty>;
        return (
          <>
            {run.progress.total > LOOKED_AT && <Text size="sm" c="dimmed">Of the first {count(LOOKED_AT, "document")}.</Text>}
            <Table.ScrollContainer minWidth={560}>
              <Table>
                <Table.Thead>
                  <Table.Tr>
                    <Table.Th scope="col">Stage</Table.Th>
                    <Table.Th scope="col" w="30%">Share of the time</Table.Th>
                    <Table.Th scope="col" ta="right">A document, ms</Table.Th>
                    <Table.Th scope="col" ta="right">Slowest, ms</Table.Th>
                    <Table.Th scope="col" ta="right">Documents</Table.Th>
                  </Table.Tr>
                </Table.Thead>
                <Table.Tbody>
                  {times.map(({ stage, totalMs, meanMs, slowestMs, documents: n }) => (
                    <Table.Tr key={stage}>
                      <Table.Th scope="row" fw={400}>{STAGES[stage] ?? stage}</Table.Th>
                      <Table.Td>
                        <Text size="xs" className="figures">{percent(totalMs / all)}</Text>
                        <Progress value={(100 * totalMs) / all} aria-label={`Share of ${STAGES[stage] ?? stage}`} size="sm" />
                      </Table.Td>
                      <Table.Td ta="right" className="figures">{grouped(Math.round(meanMs))}</Table.Td>
                      <Table.Td ta="right" className="figures">{grouped(Math.round(slowestMs))}</Table.Td>
                      <Table.Td ta="right" className="figures">{grouped(n)}</Table.Td>
                    </Table.Tr>
                  ))}
                </Table.Tbody>
              </Table>
            </Table.ScrollContainer>
          </>
        );
      }}
    </Shown>
  );
}
