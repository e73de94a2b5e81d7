import { Alert, List, Paper, Stack, Tabs, Text, Title } from "@mantine/core";
import { IconArrowDown, IconArrowUp, IconEqual, IconQuestionMark } from "@tabler/icons-react";
import { useSearch } from "@tanstack/react-router";
import { queries, type Schemas } from "@/api/client";
import { Empty } from "@/kit/Empty";
import { ButtonLink, Link } from "@/kit/Link";
import { Page } from "@/kit/Page";
import { Shown } from "@/kit/Shown";
import { ChangedQuestions } from "./comparison/ChangedQuestions";
import { Differences, figureRows, sliceRows } from "./comparison/ComparedFigures";
import { DifferenceBars } from "./comparison/DifferenceBars";
import { verdict, type Said } from "./comparison/verdict";
import { changeShown, titleOf } from "./figures";
import { ForAdministrators } from "./ForAdministrators";
import { Whiskers } from "./Whiskers";

type Comparison = Schemas["ComparisonBody"];

/** Two evaluations question by question: what changed, and whether that is more than chance. */
export function ComparisonPage() {
  const { before, after }: Record<string, string | undefined> = useSearch({ strict: false });
  return (
    <Page title="Comparison" description="The same questions in two evaluations, paired one by one." above={<Link to="/quality" size="sm">Quality</Link>}
      actions={before && after && <ButtonLink to="/quality/comparison" search={{ before: after, after: before }} variant="default">Swap before and after</ButtonLink>}>
      <ForAdministrators>
        {before && after ? <Compared before={before} after={after} /> : (
          <Empty title="Nothing to compare was named"><Link to="/quality">Pick two evaluations in the list</Link>.</Empty>
        )}
      </ForAdministrators>
    </Page>
  );
}

function Compared(query: { before: string; after: string }) {
  const comparison = queries.useQuery("get", "/v1/evaluations/comparison", { params: { query } }, { staleTime: 60_000 });
  return <Shown query={comparison}>{(found) => <Content found={found} />}</Shown>;
}

const TONES: Record<Said["tone"], { color: string; icon: React.ReactNode }> = {
  better: { color: "green", icon: <IconArrowUp aria-hidden /> },
  worse: { color: "red", icon: <IconArrowDown aria-hidden /> },
  same: { color: "blue", icon: <IconEqual aria-hidden /> },
  unsure: { color: "yellow", icon: <IconQuestionMark aria-hidden /> },
};

function Content({ found }: { found: Comparison }) {
  const said = verdict(found);
  return (
    <Stack gap="lg">
      <Alert {...TONES[said.tone]} title={said.title}><Text size="sm">{said.words}</Text></Alert>
      <Runs found={found} />
      <Main found={found} />
      <Tabs defaultValue="questions" keepMounted={false}>
        <Tabs.List aria-label="Parts of the comparison" mb="md">
          <Tabs.Tab value="questions">Questions ({found.differences.length} changed)</Tabs.Tab>
          <Tabs.Tab value="slices">Groups</Tabs.Tab>
          <Tabs.Tab value="figures">All figures</Tabs.Tab>
        </Tabs.List>
        <Tabs.Panel value="questions"><Questions found={found} /></Tabs.Panel>
        <Tabs.Panel value="slices"><Slices found={found} /></Tabs.Panel>
        <Tabs.Panel value="figures">
          <Text size="sm" c="dimmed" mb="xs">Look at the main figure first: of many figures, one differs by chance now and then.</Text>
          <Differences rows={figureRows(found.figures)} head="Figure" label="Figures" />
        </Tabs.Panel>
      </Tabs>
      <Notes notes={found.notes} />
    </Stack>
  );
}

function Runs({ found }: { found: Comparison }) {
  return (
    <Text size="sm">
      Before: <Link to="/quality/evaluations/$runId" params={{ runId: found.before }} inherit>{found.before.slice(0, 8)}</Link>, after:{" "}
      <Link to="/quality/evaluations/$runId" params={{ runId: found.after }} inherit>{found.after.slice(0, 8)}</Link>.{" "}
      {found.questions.both} questions were asked in both.
    </Text>
  );
}

function Main({ found: { primary, figures } }: { found: Comparison }) {
  const main = primary === null ? undefined : figures[primary];
  if (primary === null || main?.value == null) return null;
  return (
    <Paper withBorder p="md">
      <Title order={2} size="h5" mb="xs">Mean difference, after less before</Title>
      <Whiskers rows={[{ label: titleOf(primary), value: main.value, low: main.low, high: main.high }]} mark={0}
        label="Mean difference with its 95 % interval" write={(value) => changeShown(value, primary)} />
      <Text size="sm" c="dimmed">The dashed line is no change. An interval that leaves it out speaks for a difference.</Text>
    </Paper>
  );
}

function Questions({ found }: { found: Comparison }) {
  const { primary, differences } = found;
  if (primary === null || differences.length === 0) return <Empty title="No question changed">Every question has the same score in both runs.</Empty>;
  const known = found.figures[primary]?.questions ?? found.questions.both;
  return (
    <Stack gap="md">
      <Paper withBorder p="md">
        <DifferenceBars changes={differences} unchanged={Math.max(0, known - differences.length)} lowerIsBetter={found.measures[primary]?.better === "lower"} />
      </Paper>
      <ChangedQuestions changes={differences} name={primary} />
    </Stack>
  );
}

function Slices({ found: { slices, primary } }: { found: Comparison }) {
  if (primary === null || slices.length === 0) return <Empty title="There is no group of five questions or more">Tag the questions, and each tag becomes groups here.</Empty>;
  return (
    <>
      <Text size="sm" c="dimmed" mb="xs">{titleOf(primary)} by what the questions are tagged with, what lost most first. The more groups there are, the surer each must be.</Text>
      <Differences rows={sliceRows(slices, primary)} head="Group" label="Groups" />
    </>
  );
}

function Notes({ notes }: { notes: string[] }) {
  if (notes.length === 0) return null;
  return (
    <section>
      <Title order={2} size="h5" mb="xs">What else differs</Title>
      <List size="sm" spacing={4}>{notes.map((note) => <List.Item key={note} className="breakable">{note}</List.Item>)}</List>
    </section>
  );
}
