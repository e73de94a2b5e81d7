import { useState } from "react";
import { Badge, Button, Checkbox, Group, Table, Text, VisuallyHidden } from "@mantine/core";
import { useNavigate } from "@tanstack/react-router";
import { IconGitCompare } from "@tabler/icons-react";
import type { Schemas } from "@/api/client";
import { Link } from "@/kit/Link";
import { When } from "@/kit/When";
import { between, KINDS, shown, titleOf } from "../figures";
import { RunActions } from "./RunActions";

export type Run = Schemas["EvaluationRunBody"];

/** Runs with their main figure; two of a kind can be picked and compared. */
export function RunTable({ runs }: { runs: Run[] }) {
  const [picked, setPicked] = useState<string[]>([]);
  const navigate = useNavigate();
  const chosen = runs.filter((run) => picked.includes(run.id)); // the newest first
  const [after, before] = chosen;
  const alike = chosen.length === 2 && chosen[0]?.kind === chosen[1]?.kind;

  function pick(id: string, on: boolean) {
    // A third takes the place of the one picked first.
    setPicked((now) => (on ? [...now, id].slice(-2) : now.filter((other) => other !== id)));
  }

  return (
    <>
      <Group gap="sm">
        <Button leftSection={<IconGitCompare size={16} aria-hidden />} variant="light" disabled={!alike}
          onClick={() => before && after && void navigate({ to: "/quality/comparison", search: { before: before.id, after: after.id } })}>
          Compare
        </Button>
        <Text size="sm" c="dimmed" role="status">{hint(chosen.length, alike)}</Text>
      </Group>
      <Table.ScrollContainer minWidth={720} scrollAreaProps={{ viewportProps: { tabIndex: 0, "aria-label": "Evaluations" } }}>
        <Table verticalSpacing="xs" highlightOnHover>
          <Table.Thead>
            <Table.Tr>
              <Table.Th scope="col" w={40}><VisuallyHidden>Compare</VisuallyHidden></Table.Th>
              <Table.Th scope="col">When</Table.Th>
              <Table.Th scope="col">Golden set</Table.Th>
              <Table.Th scope="col">Main figure</Table.Th>
              <Table.Th scope="col">95 % of questions within</Table.Th>
              <Table.Th scope="col"><VisuallyHidden>Actions</VisuallyHidden></Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {runs.map((run) => (
              <Table.Tr key={run.id}>
                <Table.Td>
                  <Checkbox aria-label={`Pick the run ${run.id.slice(0, 8)} to compare`} checked={picked.includes(run.id)}
                    onChange={(event) => pick(run.id, event.currentTarget.checked)} />
                </Table.Td>
                <Table.Td>
                  <Link to="/quality/evaluations/$runId" params={{ runId: run.id }}><When at={run.created_at} /></Link>
                  <Text size="xs" c="dimmed" className="nowrap">{run.id.slice(0, 8)}</Text>
                </Table.Td>
                <Table.Td><OfWhat run={run} /></Table.Td>
                <Table.Td><Main run={run} /></Table.Td>
                <Table.Td className="figures">{shown(run.figures["p95_ms"], "p95_ms")}</Table.Td>
                <Table.Td><RunActions run={run} /></Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </Table.ScrollContainer>
    </>
  );
}

function hint(picked: number, alike: boolean): string {
  if (picked < 2) return "Pick two runs below to see what changed from the older to the newer one.";
  return alike ? "The older one is taken as before, the newer one as after." : "These two measured different things: pick two of answers, or two of search.";
}

function OfWhat({ run }: { run: Run }) {
  const said = [KINDS[run.kind] ?? run.kind];
  if (run.golden_version !== null) said.push(`version ${run.golden_version}`);
  if (run.questions !== null) said.push(`${run.questions} questions`);
  return (
    <>
      <Group gap={6} wrap="nowrap">
        <Text size="sm" className="breakable">{run.golden}</Text>
        {run.accepted && <Badge color="green" variant="light" className="state">accepted</Badge>}
      </Group>
      <Text size="xs" c="dimmed">{said.join(", ")}</Text>
    </>
  );
}

function Main({ run }: { run: Run }) {
  if (run.primary === null) return <Text size="sm" c="dimmed">none could be measured</Text>;
  const [low = null, high = null] = run.intervals[run.primary] ?? [];
  return (
    <>
      <Text size="sm" className="figures" fw={600} span>{shown(run.figures[run.primary], run.primary)}</Text>{" "}
      <Text size="sm" c="dimmed" className="figures" span>{low !== null && `(${between({ low, high }, run.primary)})`}</Text>
      <Text size="xs" c="dimmed">{titleOf(run.primary)}</Text>
    </>
  );
}
