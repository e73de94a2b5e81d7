import { count } from "@/kit/numbers";
import { changeShown, shown } from "../figures";
import type { Run } from "./RunTable";

export interface RunSeries {
  key: string;
  golden: string;
  kind: string;
  figure: string;
  /** The oldest first. */
  runs: Run[];
}

/** Put runs that can stand on one line together: of one golden set, one kind, and one main figure; the longest first. */
export function seriesOf(runs: Run[]): RunSeries[] {
  const found = new Map<string, RunSeries>();
  for (const run of runs) {
    if (run.primary === null) continue;
    const key = JSON.stringify([run.golden, run.kind, run.primary]);
    const series = found.get(key) ?? { key, golden: run.golden, kind: run.kind, figure: run.primary, runs: [] };
    series.runs.unshift(run);
    found.set(key, series);
  }
  return [...found.values()].toSorted((a, b) => b.runs.length - a.runs.length);
}

/** Say in a sentence how a figure went from the first run to the last. */
export function trend(runs: Run[], figure: string): string {
  const [first, last] = [runs[0]?.figures[figure], runs.at(-1)?.figures[figure]];
  if (first === null || first === undefined || last === null || last === undefined) return "";
  return `Over ${count(runs.length, "run")} it went from ${shown(first, figure)} to ${shown(last, figure)} (${changeShown(last - first, figure)}). Compare two runs to see whether that is more than chance.`;
}
