import { Accordion, Group, Stack, Text } from "@mantine/core";
import type { Schemas } from "@/api/client";
import { Link } from "@/kit/Link";
import { Section } from "@/people/Section";
import { Found } from "../candidate/Report";
import { headline } from "../gate";
import { RUNGS, short } from "../words";
import { VerdictBadge } from "./VerdictBadge";

type Outcome = Schemas["OutcomeBody"];

/** What came out for each rung; what was measured opens. */
export function Outcomes({ outcomes }: { outcomes: Outcome[] }) {
  const measured = outcomes.filter(({ report }) => report);
  const others = outcomes.filter(({ report }) => !report);
  return (
    <Section title="What came out" description="Each rung that was tried is a candidate by itself, on top of those below it. What passed can be promoted.">
      {measured.length > 0 && (
        <Accordion variant="separated" order={3} multiple defaultValue={measured.length === 1 ? measured.map(({ rung }) => rung) : []}>
          {measured.map((outcome) => <Measured key={outcome.rung} outcome={outcome} />)}
        </Accordion>
      )}
      {others.length > 0 && <ul className="rows">{others.map((outcome) => <li key={outcome.rung}><Unmeasured outcome={outcome} /></li>)}</ul>}
    </Section>
  );
}

function Measured({ outcome: { rung, verdict, report, candidate } }: { outcome: Outcome }) {
  if (!report) return null;
  return (
    <Accordion.Item value={rung}>
      <Accordion.Control>
        <Group gap="xs"><Text fw={600}>{RUNGS[rung].name}</Text><VerdictBadge verdict={verdict} /></Group>
        <Text size="sm" c="dimmed">{headline(report)}</Text>
      </Accordion.Control>
      <Accordion.Panel>
        <Stack>
          {candidate && <Text size="sm">It is candidate <Link to="/learning/candidates/$candidateId" params={{ candidateId: candidate }} underline="always">{short(candidate)}</Link>.</Text>}
          <Found report={report} order={4} />
        </Stack>
      </Accordion.Panel>
    </Accordion.Item>
  );
}

function Unmeasured({ outcome: { rung, verdict, words } }: { outcome: Outcome }) {
  return (
    <Group gap="xs" align="flex-start">
      <Text size="sm" fw={600}>{RUNGS[rung].name}</Text>
      <VerdictBadge verdict={verdict} />
      <Text size="sm" className="breakable">{words.replace(`${rung}: `, "")}</Text>
    </Group>
  );
}
