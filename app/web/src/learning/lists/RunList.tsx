import { Stack, Table, Text } from "@mantine/core";
import { Empty } from "@/kit/Empty";
import { Link } from "@/kit/Link";
import { seconds } from "@/kit/numbers";
import { Shown } from "@/kit/Shown";
import { StateBadge } from "@/kit/StateBadge";
import { When } from "@/kit/When";
import { useNames } from "@/people/names";
import { underWay, useRuns, type Run } from "../learned";
import { RUNGS, rungsInWords, VERDICTS } from "../words";
import { RunProgress } from "./RunProgress";
import { WideTable } from "./WideTable";

/** Trainings, the newest first, those under way with their progress. */
export function RunList() {
  return (
    <Shown query={useRuns()}>
      {({ runs }) => runs.length ? <Runs runs={runs} /> : <Empty title="Nothing was trained yet">The overview has what it takes.</Empty>}
    </Shown>
  );
}

function Runs({ runs }: { runs: Run[] }) {
  const names = useNames(runs.map(({ requested_by }) => requested_by));
  return (
    <Stack>
      {runs.filter(underWay).map((run) => <RunProgress key={run.id} run={run} />)}
      <WideTable label="Trainings" columns={["Asked for", "What was tried", "State", "What came out", "Took", "By"]}>
        {runs.map((run) => (
          <Table.Tr key={run.id}>
            <Table.Th scope="row"><Link to="/learning/runs/$runId" params={{ runId: run.id }}><When at={run.requested_at} /></Link></Table.Th>
            <Table.Td>{rungsInWords(run.rungs)}</Table.Td>
            <Table.Td><StateBadge state={run.state} /></Table.Td>
            <Table.Td><CameOut run={run} /></Table.Td>
            <Table.Td className="nowrap">{took(run)}</Table.Td>
            <Table.Td className="breakable">{names.get(run.requested_by) ?? requester(run)}</Table.Td>
          </Table.Tr>
        ))}
      </WideTable>
    </Stack>
  );
}

function CameOut({ run }: { run: Run }) {
  if (run.error) return <Text size="sm" className="breakable" lineClamp={2}>{run.error}</Text>;
  const tried = run.outcomes.filter(({ verdict }) => verdict !== "closed");
  if (!tried.length) return <Text size="sm" c="dimmed">{run.outcomes.length ? "no rung is open" : "nothing yet"}</Text>;
  return <Text size="sm">{tried.map(({ rung, verdict }) => `${RUNGS[rung].name}: ${VERDICTS[verdict].toLowerCase()}`).join(", ")}</Text>;
}

/** Say who asked where it was no person. */
export function requester(run: Run): string {
  if (run.requested_by === "u:schedule") return "The clock";
  if (run.requested_by === "u:erasure") return "An erasure";
  return run.requested_by;
}

export function took(run: Run): string {
  if (!run.started_at || !run.ended_at) return "";
  return seconds((new Date(run.ended_at).getTime() - new Date(run.started_at).getTime()) / 1000);
}
