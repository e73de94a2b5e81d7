import { Group, Stack, Table, Text } from "@mantine/core";
import { Empty } from "@/kit/Empty";
import { Link } from "@/kit/Link";
import { Shown } from "@/kit/Shown";
import { StateBadge } from "@/kit/StateBadge";
import { When } from "@/kit/When";
import { useNames, type Names } from "@/people/names";
import { Section } from "@/people/Section";
import { useApprovals, type Approval } from "../learned";
import { short } from "../words";
import { mayDecide } from "./approval";
import { useMe } from "./Approved";
import { Decide } from "./Decide";
import { WideTable } from "../lists/WideTable";

/** What waits for a decision, and what was decided. */
export function Approvals() {
  return <Shown query={useApprovals()}>{({ approvals, people }) => <Both approvals={approvals} people={people} />}</Shown>;
}

function Both({ approvals, people }: { approvals: Approval[]; people: number }) {
  const names = useNames(approvals.flatMap(({ requested_by, decided_by }) => [requested_by, decided_by ?? ""]));
  const open = approvals.filter(({ state }) => state === "open");
  const decided = approvals.filter(({ state }) => state !== "open");
  const about = people === 2
    ? "To train or to promote takes two administrators: one asks, another decides. What you asked for yourself is for another to decide."
    : "One person administers here (ATTUNE_APPROVALS=1), so whoever asks may decide as well. The record stays.";
  return (
    <Stack gap="lg">
      <Section title="Waiting for a decision" description={about}>
        {open.length ? <ul className="rows">{open.map((one) => <Open key={one.id} approval={one} names={names} people={people} />)}</ul>
          : <Empty title="Nothing waits">Ask on the overview for a training, or on a candidate's page for its promotion.</Empty>}
      </Section>
      {decided.length > 0 && <Section title="Decided"><Decided approvals={decided} names={names} /></Section>}
    </Stack>
  );
}

function Open({ approval, names, people }: { approval: Approval; names: Names; people: number }) {
  const may = mayDecide(approval, useMe(), people);
  return (
    <li>
      <Group justify="space-between" align="flex-start" gap="sm">
        <div className="page-heading">
          <Text fw={600} component="div"><What approval={approval} /></Text>
          <Text size="sm" className="breakable">“{approval.reason}”</Text>
          <Text size="sm" c="dimmed" className="breakable">Asked by {names.get(approval.requested_by) ?? approval.requested_by}, <When at={approval.requested_at} /></Text>
        </div>
        {may ? <Decide approval={approval} /> : <Text size="sm" c="dimmed">You asked for it: another administrator decides.</Text>}
      </Group>
    </li>
  );
}

function What({ approval: { action, subject } }: { approval: Approval }) {
  if (action === "train") return <>Train</>;
  return <>Promote <Link to="/learning/candidates/$candidateId" params={{ candidateId: subject }}>{short(subject)}</Link></>;
}

function Decided({ approvals, names }: { approvals: Approval[]; names: Names }) {
  return (
    <WideTable label="What was decided" columns={["What", "Reason", "Asked by", "State", "Decided by", "Used"]}>
      {approvals.map((one) => (
        <Table.Tr key={one.id}>
          <Table.Th scope="row"><What approval={one} /></Table.Th>
          <Table.Td className="breakable">{one.reason}</Table.Td>
          <Table.Td className="breakable">{names.get(one.requested_by) ?? one.requested_by}, <When at={one.requested_at} /></Table.Td>
          <Table.Td><StateBadge state={one.state === "spent" ? "used" : one.state} /></Table.Td>
          <Table.Td className="breakable">{names.get(one.decided_by ?? "") ?? one.decided_by}, <When at={one.decided_at} /></Table.Td>
          <Table.Td><When at={one.spent_at} empty="not yet" /></Table.Td>
        </Table.Tr>
      ))}
    </WideTable>
  );
}
