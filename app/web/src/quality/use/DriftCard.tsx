import { Badge, Group, Paper, Skeleton, Text, Title } from "@mantine/core";
import { IconAlertTriangle } from "@tabler/icons-react";
import { ProblemShown } from "@/kit/ProblemShown";
import type { Observed } from "./observed";
import { alarmOf, thinned } from "./series";
import { SeriesChart } from "./SeriesChart";
import { useSeries } from "./useSeries";

/** One drift figure over time: whether it gives alarm, and how surely. */
export function DriftCard({ figure, days }: { figure: Observed; days: number }) {
  const series = useSeries(figure.name, days);
  const newest = series.data?.points.at(-1);
  const found = newest && newest.value !== null ? alarmOf(newest) : null;
  return (
    <Paper withBorder p="md">
      <Group justify="space-between" gap="xs">
        <Title order={3} size="h5">{figure.title}</Title>
        {found && (
          <Badge color={found.alarm ? "red" : "green"} variant="light" className="state" leftSection={found.alarm && <IconAlertTriangle size={12} aria-hidden />}>
            {found.alarm ? "alarm" : "no drift found"}
          </Badge>
        )}
      </Group>
      <Text size="xs" c="dimmed" mb="xs">{figure.meaning}</Text>
      {series.isError && <ProblemShown error={series.error} retry={() => void series.refetch()} />}
      {!series.isError && !series.data && <Skeleton height={170} />}
      {series.data && <SeriesChart lines={[{ ...figure, points: thinned(series.data.points) }]} write={figure.write} days={days} />}
      {found && (
        <Text size="xs" c="dimmed">
          {found.p !== null && `At last p was ${found.p < 0.001 ? "below 0.001" : found.p.toFixed(3)}; below 0.05 it is an alarm. `}
          {found.compared && `Compared: ${found.compared}.`}
        </Text>
      )}
    </Paper>
  );
}
