import { Badge, Group, Progress, Stack, Table, Text } from "@mantine/core";
import type { Schemas } from "@/api/client";
import { Link } from "@/kit/Link";
import { count, grouped } from "@/kit/numbers";
import { When } from "@/kit/When";
import { Section } from "@/people/Section";
import { lastOutcome } from "../gate";
import type { Run } from "../learned";
import { VerdictBadge } from "../lists/VerdictBadge";
import { RUNGS } from "../words";
import { WideTable } from "../lists/WideTable";

type Need = Schemas["NeedBody"];

/** The rungs of learning from the cheapest to the dearest: what each does, whether it is open, and what came of it. */
export function Ladder({ needs, runs }: { needs: Need[]; runs: Run[] }) {
  return (
    <Section title="The ladder" description="What can be learned, one rung above the other. A rung opens with enough labelled questions: questions of which somebody said what answers them. They were counted at the last training; what was said since is counted at the next.">
      <WideTable label="The ladder" minWidth={720} columns={["Rung", "What it still needs", "When it was tried last"]}>
        {needs.map((need) => <Row key={need.rung} need={need} runs={runs} />)}
      </WideTable>
    </Section>
  );
}

function Row({ need, runs }: { need: Need; runs: Run[] }) {
  const { name, what } = RUNGS[need.rung];
  const open = !need.missing && !need.lacks;
  return (
    <Table.Tr>
      <Table.Th scope="row" className="rung">
        <Group gap="xs">
          <Text fw={600} size="sm">{name}</Text>
          <Badge size="sm" variant="light" color={open ? "green" : "gray"} className="state">{open ? "Open" : "Closed"}</Badge>
        </Group>
        <Text size="sm" c="dimmed" fw={400}>{what}</Text>
      </Table.Th>
      <Table.Td className="rung-needs"><Needed need={need} open={open} /></Table.Td>
      <Table.Td><Last need={need} runs={runs} /></Table.Td>
    </Table.Tr>
  );
}

function Needed({ need, open }: { need: Need; open: boolean }) {
  const share = Math.min(100, (100 * need.have) / Math.max(1, need.least));
  const counted = need.missing
    ? `${grouped(need.have)} of ${grouped(need.least)} ${need.counted}s`
    : `${count(need.have, need.counted)}, ${grouped(need.least)} ${need.least === 1 ? "is" : "are"} enough`;
  return (
    <Stack gap={4}>
      <Progress value={share} color={need.missing ? "blue" : "green"} aria-label={`${RUNGS[need.rung].name}: ${counted}`} />
      <Text size="xs" c="dimmed" className="figures">{counted}</Text>
      {!open && <Text size="sm">{need.missing ? `${grouped(need.missing)} more ${need.counted}${need.missing === 1 ? "" : "s"}` : "Enough of these, but something else is missing"}</Text>}
      {need.lacks && <Text size="sm" className="breakable">Missing: {need.lacks}</Text>}
    </Stack>
  );
}

function Last({ need, runs }: { need: Need; runs: Run[] }) {
  const last = lastOutcome(runs, need.rung);
  if (!last) return <Text size="sm" c="dimmed">never</Text>;
  return (
    <Stack gap={2} align="flex-start">
      <VerdictBadge verdict={last.outcome.verdict} />
      <Link to="/learning/runs/$runId" params={{ runId: last.run.id }} size="sm"><When at={last.run.ended_at ?? last.run.requested_at} /></Link>
    </Stack>
  );
}
