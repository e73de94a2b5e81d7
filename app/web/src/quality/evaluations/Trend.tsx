import { useState } from "react";
import "@mantine/charts/styles.css";
import { LineChart } from "@mantine/charts";
import { Group, Paper, Select, Text, Title } from "@mantine/core";
import { KINDS, shown, titleOf } from "../figures";
import type { Run } from "./RunTable";
import { seriesOf, trend } from "./trend";

const day = new Intl.DateTimeFormat(undefined, { month: "short", day: "numeric", hour: "2-digit", minute: "2-digit" });

/** The main figure over the runs of one golden set and kind. */
export function Trend({ runs }: { runs: Run[] }) {
  const series = seriesOf(runs);
  const [picked, setPicked] = useState<string | null>(null);
  const open = series.find((one) => one.key === picked) ?? series[0];
  if (!open || open.runs.length < 2) return null;
  const { figure } = open;
  const points = open.runs.map((run) => ({
    at: day.format(new Date(run.created_at)),
    value: run.figures[figure] ?? null,
    low: run.intervals[figure]?.[0] ?? null,
    high: run.intervals[figure]?.[1] ?? null,
  }));
  return (
    <Paper withBorder p="md">
      <Group justify="space-between" align="flex-end" mb="sm">
        <div>
          <Title order={3} size="h5">{titleOf(figure)}</Title>
          <Text size="sm" c="dimmed">Over the runs of {open.golden}. The thin lines are the ends of the 95 % intervals.</Text>
        </div>
        {series.length > 1 && (
          <Select aria-label="Which runs are drawn" value={open.key} allowDeselect={false} onChange={setPicked} w={260}
            data={series.map(({ key, golden, kind }) => ({ value: key, label: `${golden}, ${(KINDS[kind] ?? kind).toLowerCase()}` }))} />
        )}
      </Group>
      <LineChart h={220} data={points} dataKey="at" curveType="linear" withLegend={false} yAxisProps={{ domain: [0, 1], width: 44 }}
        valueFormatter={(value) => shown(value, figure)} connectNulls={false} role="img" aria-label={trend(open.runs, figure)}
        accessibilityLayer={false} lineProps={(line) => (line.name === "value" ? {} : { dot: false, strokeWidth: 1 })}
        series={[
          { name: "value", label: titleOf(figure), color: "blue.7" },
          { name: "low", label: "At least", color: "gray.6", strokeDasharray: "3 3" },
          { name: "high", label: "At most", color: "gray.6", strokeDasharray: "3 3" },
        ]} />
      <Text size="sm" mt="xs">{trend(open.runs, figure)}</Text>
    </Paper>
  );
}
