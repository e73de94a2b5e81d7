import { percent } from "@/kit/numbers";

export interface Observed {
  name: string;
  title: string;
  meaning: string;
  write: (value: number) => string;
}

const share = (value: number) => percent(value, value > 0 && value < 0.1 ? 1 : 0);
const whole = (value: number) => new Intl.NumberFormat("en", { maximumFractionDigits: 1 }).format(value);
const ms = (value: number) => `${Math.round(value)} ms`;
const index = (value: number) => value.toFixed(3);

/** What people did, as the server observes it. */
export const USE: Observed[] = [
  { name: "questions", title: "Questions asked", meaning: "Since the observation before.", write: whole },
  { name: "abstention_rate", title: "Questions without an answer", meaning: "Share of the questions that were not answered.", write: share },
  { name: "thumbs_up_rate", title: "Thumbs that are up", meaning: "Of the thumbs given. Few people rate, and rather when annoyed: it compares times, it does not say how many answers are good.", write: share },
  { name: "corrections", title: "Corrections", meaning: "Feedback with a better answer, sentence or document.", write: whole },
  { name: "reformulation_rate", title: "Questions asked again", meaning: "Share that the same person asked again within five minutes, in other words or after getting no answer.", write: share },
  { name: "abandonment_rate", title: "Sessions that ended without an answer", meaning: "A session ends with half an hour without a question.", write: share },
  { name: "index_chunks", title: "Chunks in the index", meaning: "A chunk is a piece of a document that can be found.", write: whole },
];

export const TIMES: Observed[] = [
  { name: "latency_p50_ms", title: "Half were faster", meaning: "The time from question to answer.", write: ms },
  { name: "latency_p95_ms", title: "95 % were faster", meaning: "Only one in twenty took longer.", write: ms },
];

const SPREAD = "How far it is spread otherwise than before (population stability index).";

/** What may drift: the newest 112 questions are compared with up to 500 before them. */
export const DRIFT: Observed[] = [
  { name: "drift.questions", title: "What is asked", meaning: "How far the meaning of questions has moved (squared maximum mean discrepancy of their vectors).", write: index },
  { name: "drift.top_score", title: "How well the best passage fits", meaning: SPREAD, write: index },
  { name: "drift.score_gap", title: "How far the best passage stands out", meaning: SPREAD, write: index },
  { name: "drift.abstention", title: "How often there is no answer", meaning: SPREAD, write: index },
  { name: "drift.length", title: "How long questions are", meaning: SPREAD, write: index },
  { name: "drift.language", title: "The language of questions", meaning: SPREAD, write: index },
];

export interface Range {
  value: string;
  label: string;
  days: number;
}

export const RANGES: Range[] = [
  { value: "1", label: "A day", days: 1 },
  { value: "7", label: "A week", days: 7 },
  { value: "30", label: "30 days", days: 30 },
  { value: "90", label: "90 days", days: 90 },
  { value: "365", label: "A year", days: 365 },
];
