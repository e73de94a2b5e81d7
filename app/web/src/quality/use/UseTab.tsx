import { useState } from "react";
import { Button, Group, SegmentedControl, Stack, Text, Title } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { IconEye } from "@tabler/icons-react";
import { queries } from "@/api/client";
import { refresh } from "@/api/queryClient";
import { Shown } from "@/kit/Shown";
import { Stat } from "@/kit/Stat";
import { count, grouped, percent } from "@/kit/numbers";
import { DriftCard } from "./DriftCard";
import { DRIFT, RANGES, TIMES, USE } from "./observed";
import { ObservedCard } from "./ObservedCard";

/** How people fare with the answers, how that goes over time, and whether their questions drift. */
export function UseTab() {
  const [range, setRange] = useState("30");
  const days = RANGES.find(({ value }) => value === range)?.days ?? 30;
  return (
    <Stack gap="lg">
      <Group justify="space-between">
        <SegmentedControl aria-label="How far to look back" data={RANGES.map(({ value, label }) => ({ value, label }))} value={range} onChange={setRange} className="wraps" />
        <ObserveNow />
      </Group>
      <Usage days={days} />
      <section>
        <Title order={2} size="h4" mb="xs">Over time</Title>
        <Text size="sm" c="dimmed" mb="sm">The server observes by itself every hour, or as its settings say. A gap in a line is a time in which too little was asked.</Text>
        <div className="plots">
          <ObservedCard title="Time to an answer" figures={TIMES} days={days} />
          {USE.map((figure) => <ObservedCard key={figure.name} title={figure.title} figures={[figure]} days={days} />)}
        </div>
      </section>
      <section>
        <Title order={2} size="h4" mb="xs">Drift</Title>
        <Text size="sm" c="dimmed" mb="sm" maw={760}>
          Whether the newest 112 questions differ from up to 500 before them by more than chance. p says how often chance alone makes as large a difference; below 0.05, corrected
          for the six that are looked at, it is an alarm, so that all together raise a false one in 5 of 100 comparisons. Below 224 questions there is nothing to compare. What drifts is worth a look: new subjects may want new documents.
        </Text>
        <div className="plots">{DRIFT.map((figure) => <DriftCard key={figure.name} figure={figure} days={days} />)}</div>
      </section>
    </Stack>
  );
}

function ObserveNow() {
  const observe = queries.useMutation("post", "/v1/monitoring/observations", {
    onSuccess: async ({ points }) => {
      notifications.show({ color: "green", message: `Observed: ${count(points.length, "figure")}` });
      await refresh("/v1/monitoring");
    },
  });
  return <Button variant="default" leftSection={<IconEye size={16} aria-hidden />} loading={observe.isPending} onClick={() => observe.mutate({})}>Observe now</Button>;
}

function rate(value: number | null): string {
  return value === null ? "no data" : percent(value);
}

function Usage({ days }: { days: number }) {
  const usage = queries.useQuery("get", "/v1/evaluations/usage", { params: { query: { days } } }, { placeholderData: (before) => before });
  return (
    <section>
      <Title order={2} size="h4" mb="xs">How people fared in the last {count(days, "day")}</Title>
      <Shown query={usage}>
        {(found) => (
          <div className="stats">
            <Stat label="Questions" value={grouped(found.questions)} note={`of ${count(found.people, "person", "people")}`} />
            <Stat label="Without an answer" value={rate(found.abstention_rate)} note={grouped(found.abstentions)} />
            <Stat label="Thumbs that are up" value={rate(found.thumbs_up_rate)} note={`${grouped(found.thumbs_up)} up, ${grouped(found.thumbs_down)} down`} />
            <Stat label="Corrections" value={grouped(found.corrections)} />
            <Stat label="Asked again" value={rate(found.reformulation_rate)} note={`${grouped(found.reformulations)} within five minutes`} />
            <Stat label="Sessions without an answer at their end" value={rate(found.abandonment_rate)} note={`${grouped(found.abandoned)} of ${grouped(found.sessions)}`} />
          </div>
        )}
      </Shown>
    </section>
  );
}
