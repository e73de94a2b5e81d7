import { Paper, Skeleton, Text, Title } from "@mantine/core";
import { ProblemShown } from "@/kit/ProblemShown";
import type { Observed } from "./observed";
import { thinned } from "./series";
import { SeriesChart } from "./SeriesChart";
import { useSeries } from "./useSeries";

interface ObservedCardProps {
  title: string;
  /** One, or two that share their unit. */
  figures: Observed[];
  days: number;
}

/** Figures over time under one heading. */
export function ObservedCard({ title, figures, days }: ObservedCardProps) {
  const [first, second] = figures;
  if (!first) return null;
  return (
    <Paper withBorder p="md">
      <Title order={3} size="h5">{title}</Title>
      <Text size="xs" c="dimmed" mb="xs">{first.meaning}</Text>
      {second ? <Two first={first} second={second} days={days} /> : <One figure={first} days={days} />}
    </Paper>
  );
}

function One({ figure, days }: { figure: Observed; days: number }) {
  const series = useSeries(figure.name, days);
  if (series.isError) return <ProblemShown error={series.error} retry={() => void series.refetch()} />;
  if (!series.data) return <Skeleton height={170} />;
  return <SeriesChart lines={[{ ...figure, points: thinned(series.data.points) }]} write={figure.write} days={days} />;
}

function Two({ first, second, days }: { first: Observed; second: Observed; days: number }) {
  const [a, b] = [useSeries(first.name, days), useSeries(second.name, days)];
  const failed = [a, b].find(({ isError }) => isError);
  if (failed) return <ProblemShown error={failed.error} retry={() => void failed.refetch()} />;
  if (!a.data || !b.data) return <Skeleton height={170} />;
  return <SeriesChart lines={[{ ...first, points: thinned(a.data.points) }, { ...second, points: thinned(b.data.points) }]} write={first.write} days={days} />;
}
