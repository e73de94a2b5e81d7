import { useState } from "react";
import { Button, Group, Paper, Select, Stack, Text, Title } from "@mantine/core";
import { queries } from "@/api/client";
import { Empty } from "@/kit/Empty";
import { Link } from "@/kit/Link";
import { Loading, Shown } from "@/kit/Shown";
import { BeginEvaluation } from "./BeginEvaluation";
import { RunningEvaluation } from "./RunningEvaluation";
import { RunTable } from "./RunTable";
import { Trend } from "./Trend";
import { useRunning } from "./running";

const FIRST = 50;

/** Evaluations: the one that runs, those that were kept, and how the main figure went. */
export function EvaluationsTab() {
  const [golden, setGolden] = useState<string | null>(null);
  return (
    <Stack gap="lg">
      <Paper withBorder p="md">
        <Title order={2} size="h4" mb={4}>Measure now</Title>
        <Text size="sm" c="dimmed" mb="sm">
          Asks the questions of a golden set as any user would, and scores each answer. Measure before you change documents, settings or models, and after.
        </Text>
        <Now />
      </Paper>
      <Group justify="space-between" align="flex-end">
        <Title order={2} size="h4">Evaluations that were kept</Title>
        <OfSet value={golden} onChange={setGolden} />
      </Group>
      <Runs key={golden} golden={golden} />
    </Stack>
  );
}

// By itself: it is drawn anew with every few questions, and the plot and the list below need not be.
function Now() {
  const { running } = useRunning();
  return running ? <RunningEvaluation running={running} /> : <BeginEvaluation />;
}

function OfSet({ value, onChange }: { value: string | null; onChange: (name: string | null) => void }) {
  const sets = queries.useQuery("get", "/v1/golden-sets");
  const names = sets.data?.golden_sets.map(({ name }) => name) ?? [];
  if (names.length < 2) return null;
  return <Select label="Of the golden set" placeholder="All" data={names} value={value} onChange={onChange} clearable
    clearButtonProps={{ "aria-label": "Show all golden sets" }} w={240} />;
}

function Runs({ golden }: { golden: string | null }) {
  const [limit, setLimit] = useState(FIRST);
  const params = { query: { limit, ...(golden ? { golden } : {}) } };
  const runs = queries.useQuery("get", "/v1/evaluations", { params }, { placeholderData: (before) => before });
  return (
    <Shown query={runs} loading={<Loading rows={6} />}>
      {({ runs: found }) => found.length === 0 ? (
        <Empty title="Nothing was measured yet">
          Choose a golden set above and begin. If there is none, <Link to="/quality" search={{ tab: "golden" }}>make one</Link> of your documents.
        </Empty>
      ) : (
        <Stack gap="lg">
          <Trend runs={found} />
          <RunTable runs={found} />
          {found.length >= limit && limit < 1000 && (
            <Group justify="center">
              <Button variant="default" loading={runs.isFetching} onClick={() => setLimit(Math.min(1000, limit * 4))}>Show older ones</Button>
            </Group>
          )}
        </Stack>
      )}
    </Shown>
  );
}
