import { grouped, percent } from "@/kit/numbers";

interface Figure {
  label: string;
  value: string;
  note?: string;
}

const NAMES: Record<string, { label: string; note?: string; write?: (value: number) => string }> = {
  questions: { label: "Questions ranked beside", write: grouped },
  overlap: { label: "Shown by both", note: "Share of what was shown that the candidate would have shown too.", write: percent },
  displacement: { label: "Places moved", note: "How far passages stand from where they were shown, on average." },
  errors: { label: "Questions at which it failed", write: grouped },
  left_out: { label: "Questions left out", note: "More came than could be ranked beside.", write: grouped },
  candidate_p95_ms: { label: "Its searches take", note: "19 of 20 at most.", write: milliseconds },
  live_p95_ms: { label: "Those of what is live take", note: "19 of 20 at most.", write: milliseconds },
};

function milliseconds(value: number): string {
  return `${value.toFixed(0)} ms`;
}

/** Say what a figure of a trial means; null for one that is no number. */
export function trialFigure(name: string, value: unknown): Figure | null {
  if (typeof value !== "number") return null;
  const known = NAMES[name] ?? { label: name.replaceAll("_", " ") };
  const written = known.write ? known.write(value) : Number(value.toFixed(3)).toString();
  return { label: known.label, value: written, note: known.note };
}

/** How far an e-value is on its way to where it decides: on a logarithmic scale, since evidence multiplies. */
export function evidenceShare(eValue: number, decidesAt: number): number {
  if (eValue <= 1) return 0;
  return Math.min(1, Math.log(eValue) / Math.log(decidesAt));
}
