import { useEffect, useState } from "react";
import "@mantine/charts/styles.css";
import { LineChart } from "@mantine/charts";
import { Text } from "@mantine/core";
import { beginning, DAY, inWords, together, type Drawn } from "./series";

export interface Line {
  name: string;
  title: string;
  points: Drawn[];
}

interface SeriesChartProps {
  lines: Line[];
  write: (value: number) => string;
  days: number;
}

const COLOURS = ["blue.7", "orange.8"];
const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
const date = new Intl.DateTimeFormat(undefined, { month: "short", day: "numeric" });
const moment = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });

/** Lines over time, and the same in a sentence. */
export function SeriesChart({ lines, write, days }: SeriesChartProps) {
  const now = useNow();
  const data = together(Object.fromEntries(lines.map(({ name, points }) => [name, points])));
  const said = lines.map(({ title, points }) => inWords(title, points, write)).join(" ");
  const drawn = lines.some(({ points }) => points.some(({ value }) => value !== null));
  const from = beginning(lines.flatMap(({ points }) => points.map(({ at }) => at)), now, days);
  const written = (at: number) => (now - from <= 2 * DAY ? clock : date).format(at);
  return (
    <>
      {drawn && (
        <LineChart h={lines.length > 1 ? 210 : 170} data={data} dataKey="at" curveType="linear" connectNulls={false} accessibilityLayer={false} role="img" aria-label={said}
          valueFormatter={write} withLegend={lines.length > 1} withDots={data.length <= 60}
          yAxisProps={{ width: 60, domain: [0, "auto"] }} tooltipProps={{ labelFormatter: told }}
          xAxisProps={{ type: "number", scale: "time", domain: [from, now], tickFormatter: written, minTickGap: 40 }}
          series={lines.map(({ name, title }, n) => ({ name, label: title, color: COLOURS[n] ?? "gray.7" }))} />
      )}
      <Text size="sm" mt={4}>{said}</Text>
    </>
  );
}

// Before anything is pointed at, there is no moment to write.
function told(at: unknown): string {
  return typeof at === "number" ? moment.format(at) : "";
}

// The end of the axis stands still while one looks at it.
function useNow(): number {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 60_000);
    return () => clearInterval(timer);
  }, []);
  return now;
}
