import type { Schemas } from "@/api/client";
import type { paths } from "@/api/schema";
import { count } from "@/kit/numbers";

export type Run = paths["/v1/ingestions/{run_id}"]["get"]["responses"][200]["content"]["application/json"];
export type RunProgress = Run["progress"];
export type RunDocument = Schemas["RunDocumentBody"];
export type DocumentState = RunDocument["state"];

/** Say whether nothing more happens in a run. */
export function ended(run: Pick<Run, "state">): boolean {
  return run.state === "done" || run.state === "failed" || run.state === "cancelled";
}

/** Say whether a run goes on by itself. */
export function moving(run: Pick<Run, "state">): boolean {
  return run.state === "queued" || run.state === "running";
}

const FIGURES = ["total", "done", "queued", "working", "staged", "added", "updated", "unchanged", "moved", "deleted", "failed",
  "quarantined", "cancelled", "chunks", "embedded", "size_bytes", "per_second"];

/** Check that what came with an event is how far a run is. */
export function isProgress(value: unknown): value is RunProgress {
  if (typeof value !== "object" || value === null || !("failed_kinds" in value) || !("eta_s" in value)) return false;
  const given = new Map(Object.entries(value));
  return FIGURES.every((name) => typeof given.get(name) === "number");
}

/** Return how much of a run is done, 0 to 1; a run without documents is whole once it has ended. */
export function shareDone(run: Pick<Run, "state" | "progress">): number {
  const { total, done } = run.progress;
  if (total === 0) return ended(run) ? 1 : 0;
  return Math.min(1, done / total);
}

const OUTCOMES = ["added", "updated", "moved", "unchanged", "deleted", "failed", "quarantined", "cancelled"] as const;

/** Say what became of the documents, such as "3 added, 1 failed". */
export function outcomes(progress: RunProgress): string {
  const said = OUTCOMES.filter((name) => progress[name] > 0).map((name) => `${progress[name]} ${inWords(name)}`);
  return said.length > 0 ? said.join(", ") : "nothing to do";
}

/** Say a state or an outcome as people do. */
export function inWords(word: string): string {
  return word === "quarantined" ? "held back" : word === "working" ? "being read" : word === "staged" ? "ready" : word;
}

/** Return how many documents can be tried again. */
export function retriable({ failed, quarantined, cancelled }: RunProgress): number {
  return failed + quarantined + cancelled;
}

export interface StageTime {
  stage: string;
  documents: number;
  totalMs: number;
  meanMs: number;
  slowestMs: number;
}

/** Add up what each stage took, the longest first. */
export function stageTimes(documents: Pick<RunDocument, "timings_ms">[]): StageTime[] {
  const times = new Map<string, number[]>();
  for (const document of documents)
    for (const [stage, ms] of Object.entries(document.timings_ms)) times.set(stage, [...(times.get(stage) ?? []), ms]);
  const found = [...times].map(([stage, all]) => {
    const totalMs = all.reduce((sum, ms) => sum + ms, 0);
    return { stage, documents: all.length, totalMs, meanMs: totalMs / all.length, slowestMs: Math.max(...all) };
  });
  return found.toSorted((a, b) => b.totalMs - a.totalMs);
}

/** Say what a run takes in, shortened; the label of an upload lists all its files. */
export function labelOf(run: Run, longest = 120): string {
  const label = run.label || count(run.progress.total, "document");
  return label.length > longest ? `${label.slice(0, longest - 1)}…` : label;
}
