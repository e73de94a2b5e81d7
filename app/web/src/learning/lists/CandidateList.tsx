import { Badge, Chip, Group, Stack, Table } from "@mantine/core";
import { useNavigate, useSearch } from "@tanstack/react-router";
import type { Schemas } from "@/api/client";
import { Empty } from "@/kit/Empty";
import { Link } from "@/kit/Link";
import { Shown } from "@/kit/Shown";
import { StateBadge } from "@/kit/StateBadge";
import { When } from "@/kit/When";
import { useNames } from "@/people/names";
import { useCandidates } from "../learned";
import { RUNGS, short } from "../words";
import { GainFigure } from "./GainFigure";
import { WideTable } from "./WideTable";

type Candidate = Schemas["CandidateBody"];

/** What was trained and passed the gate, the newest first. */
export function CandidateList() {
  return (
    <Shown query={useCandidates()}>
      {({ candidates }) => candidates.length ? <Filtered candidates={candidates} />
        : <Empty title="There is no candidate yet">A training makes one where the gate lets it pass. The overview has what it takes.</Empty>}
    </Shown>
  );
}

function Filtered({ candidates }: { candidates: Candidate[] }) {
  const given: Record<string, string | undefined> = useSearch({ strict: false });
  const navigate = useNavigate();
  const wanted = given["state"] ?? "";
  const states = [...new Set(candidates.map(({ state }) => state))];
  const shown = wanted ? candidates.filter(({ state }) => state === wanted) : candidates;
  return (
    <Stack>
      <Chip.Group value={wanted} onChange={(state) => void navigate({ to: ".", search: { tab: "candidates", state: (Array.isArray(state) ? state[0] : state) || undefined } })}>
        <Group gap="xs" role="group" aria-label="State">
          <Chip value="">All ({candidates.length})</Chip>
          {states.map((state) => <Chip key={state} value={state}>{`${state} (${candidates.filter((one) => one.state === state).length})`}</Chip>)}
        </Group>
      </Chip.Group>
      <CandidateTable candidates={shown} />
    </Stack>
  );
}

function CandidateTable({ candidates }: { candidates: Candidate[] }) {
  const names = useNames(candidates.map(({ approved_by }) => approved_by ?? ""));
  return (
    <WideTable label="Candidates" columns={["Candidate", "State", "Measured gain", "Made", "Live since", "Approved by"]}>
      {candidates.map((one) => (
        <Table.Tr key={one.id}>
          <Table.Th scope="row">
            <Group gap="xs">
              <Link to="/learning/candidates/$candidateId" params={{ candidateId: one.id }}>{short(one.id)}</Link>
              <Badge variant="default" className="state">{RUNGS[one.rung].name}</Badge>
            </Group>
          </Table.Th>
          <Table.Td><StateBadge state={one.state} /></Table.Td>
          <Table.Td><GainFigure gain={one.gain} /></Table.Td>
          <Table.Td><When at={one.created_at} /></Table.Td>
          <Table.Td><When at={one.live_at} /></Table.Td>
          <Table.Td className="breakable">{names.get(one.approved_by ?? "") ?? one.approved_by ?? ""}</Table.Td>
        </Table.Tr>
      ))}
    </WideTable>
  );
}
