import { Group, List, Stack, Text, ThemeIcon } from "@mantine/core";
import { IconAlertTriangle, IconCheck, IconMinus, IconX } from "@tabler/icons-react";
import { Section } from "@/people/Section";
import { conditions, headline, type Condition, type Report } from "../gate";
import { VerdictBadge } from "../lists/VerdictBadge";
import { rungsInWords } from "../words";
import { GainBars } from "./GainBars";
import { Kinds } from "./Kinds";

const MEASURED = "Measured by nDCG@10: 1 where the right documents stand at the top of what is found, 0 where none of the first ten is right. Each question was asked of a model that had not learned from it.";
const WORDED = "Measured by what the model says to prompts it was not taught by: whether its citations lead to passages, and how many words it shares with the correction.";

/** What the gate found of a candidate. */
export function GateReport({ report }: { report: Report }) {
  return (
    <Section title="What the gate found" actions={<VerdictBadge verdict={report.verdict} />}>
      <Text fw={600}>{headline(report)}</Text>
      <Found report={report} order={3} />
    </Section>
  );
}

/** First how it was measured, then each condition, then how the gain lies over the questions. */
export function Found({ report, order }: { report: Report; order: 3 | 4 }) {
  const against = report.against.length ? `against what was live (${rungsInWords(report.against)})` : "against the server as it came";
  const words = report.recipe.includes("generator") ? WORDED : MEASURED;
  return (
    <Stack>
      <Text size="sm" c="dimmed">{rungsInWords(report.recipe)}, {against}. {words}</Text>
      <Checklist report={report} />
      {report.spread && report.gain && <GainBars differences={report.spread.differences} gain={report.gain} order={order} />}
      {report.spread && report.spread.kinds.length > 0 && <Kinds kinds={report.spread.kinds} overall={report.gain?.value ?? null} order={order} />}
    </Stack>
  );
}

function Checklist({ report }: { report: Report }) {
  return (
    <List spacing="xs" listStyleType="none" center={false} aria-label="Conditions">
      {conditions(report).map((one) => <List.Item key={one.name} icon={<Mark outcome={one.outcome} />}><Said condition={one} /></List.Item>)}
    </List>
  );
}

const OUTCOMES: Record<Condition["outcome"], { words: string; colour: string; icon: typeof IconCheck }> = {
  passed: { words: "Met", colour: "green", icon: IconCheck },
  refused: { words: "Not met", colour: "red", icon: IconX },
  not_enough_data: { words: "Cannot be told yet", colour: "orange", icon: IconAlertTriangle },
  not_measured: { words: "Not measured", colour: "gray", icon: IconMinus },
  not_made: { words: "Not looked at", colour: "gray", icon: IconMinus },
};

function Mark({ outcome }: { outcome: Condition["outcome"] }) {
  const { colour, icon: Icon } = OUTCOMES[outcome];
  return <ThemeIcon color={colour} variant="light" size={22} radius="xl"><Icon size={14} aria-hidden /></ThemeIcon>;
}

function Said({ condition }: { condition: Condition }) {
  return (
    <Stack gap={0}>
      <Group gap={6}>
        <Text size="sm" fw={600}>{condition.name}</Text>
        <Text size="sm" c="dimmed">{OUTCOMES[condition.outcome].words}</Text>
      </Group>
      <Text size="sm" className="breakable">{condition.detail}</Text>
    </Stack>
  );
}
