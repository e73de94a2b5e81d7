import { Table, Text } from "@mantine/core";
import { Link } from "@/kit/Link";
import { grouped, seconds } from "@/kit/numbers";
import { StateBadge } from "@/kit/StateBadge";
import { When } from "@/kit/When";
import { ended, labelOf, moving, outcomes, type Run } from "./run";

/** Runs, one a row. `withCollection` says which collection each is for. */
export function RunTable({ runs, withCollection = true }: { runs: Run[]; withCollection?: boolean }) {
  return (
    <Table.ScrollContainer minWidth={withCollection ? 720 : 620}>
      <Table verticalSpacing="xs">
        <Table.Thead>
          <Table.Tr>
            <Table.Th scope="col">What</Table.Th>
            <Table.Th scope="col">State</Table.Th>
            {withCollection && <Table.Th scope="col">Collection</Table.Th>}
            <Table.Th scope="col" ta="right">Documents</Table.Th>
            <Table.Th scope="col">Outcome</Table.Th>
            <Table.Th scope="col">Begun</Table.Th>
            <Table.Th scope="col" ta="right">Took</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {runs.map((run) => (
            <Table.Tr key={run.id}>
              <Table.Td className="run-label">
                <Link to="/runs/$runId" params={{ runId: run.id }} className="breakable">{labelOf(run, 80)}</Link>
              </Table.Td>
              <Table.Td><StateBadge state={run.state} /></Table.Td>
              {withCollection && <Table.Td className="breakable">{run.collection}</Table.Td>}
              <Table.Td ta="right" className="figures nowrap">
                {ended(run) ? grouped(run.progress.total) : `${grouped(run.progress.done)} of ${grouped(run.progress.total)}`}
              </Table.Td>
              <Table.Td><Text size="sm" c={run.reason ? "red" : undefined} className="breakable">{run.reason ?? (moving(run) ? "" : outcomes(run.progress))}</Text></Table.Td>
              <Table.Td><When at={run.created_at} /></Table.Td>
              <Table.Td ta="right" className="figures nowrap">{seconds(run.seconds)}</Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}
