// What the words of the API mean to somebody who never trained a model.
import type { Schemas } from "@/api/client";

export type Rung = Schemas["NeedBody"]["rung"];
export type Kind = Schemas["TrialBody"]["kind"];
export type Verdict = Schemas["OutcomeBody"]["verdict"];

export const RUNGS: Record<Rung, { name: string; what: string }> = {
  memory: { name: "Memory", what: "Passages that answered a question rise for questions like it." },
  query_adapter: { name: "Query adapter", what: "A map of questions: they come to lie nearer to what answers them." },
  fusion: { name: "Fusion", what: "How much meaning, words and memory weigh when passages are ranked." },
  ranking: { name: "Ranking", what: "The first finds are weighed once more, by all that the search knows of them." },
  embedder: { name: "Embedder", what: "The model that turns documents and questions into numbers is adapted to yours." },
  reranker: { name: "Reranker", what: "The model that reads the first finds again is adapted to your questions." },
  generator: { name: "Language model", what: "The model that words the answers learns to answer as approved corrections do." },
};

export const ORDER: Rung[] = ["memory", "query_adapter", "fusion", "ranking", "embedder", "reranker", "generator"];

export const TRIALS: Record<Kind, { name: string; what: string }> = {
  shadow: { name: "Shadow", what: "It ranks each question beside what is live, and nothing of it is shown. It tells how different it is, and decides nothing." },
  interleave: { name: "Interleave", what: "Both rank one list of passages. Whose passages readers use wins the answer, and readers decide." },
  share: { name: "Share", what: "It answers some people, always the same ones, half of them at most. Their ratings are held against those of the others." },
};

export const VERDICTS: Record<Verdict, string> = {
  passed: "Passed",
  refused: "Refused",
  not_enough_data: "Not enough data",
  closed: "Closed",
};

const STATES: Record<Schemas["CandidateBody"]["state"], string> = {
  made: "Trained, and not measured yet.",
  refused: "The gate or its readers decided against it, or what it was trained on was erased. It cannot serve.",
  passed: "The gate passed it. It can be tried and promoted.",
  trial: "It is being tried beside what is live.",
  live: "Everybody is answered by it.",
  retired: "It served. It is kept for the way back, and can be promoted again.",
};

export function stateInWords(state: Schemas["CandidateBody"]["state"]): string {
  return STATES[state];
}

const SIGNALS: Record<string, string> = {
  correction: "Corrections",
  edited: "Edited answers",
  up: "Thumbs up",
  wrong_source: "Wrong sources",
  opened: "Citations that were read",
  copied: "Citations that were copied",
  skipped: "Citations that were passed over",
  reformulated: "Questions asked again",
  given: "Labels of other systems and judgements",
  corrected: "Approved corrections",
  preferred: "Answers preferred over others",
  thumbs: "Thumbs up and down",
};

export function signalInWords(signal: string): string {
  return SIGNALS[signal] ?? signal;
}

const LENGTHS: Record<string, string> = {
  "1-4": "Questions of up to 4 words",
  "5-9": "Questions of 5 to 9 words",
  "10+": "Questions of 10 words and more",
};

/** Say which questions a kind such as `words=1-4` holds. */
export function kindInWords(name: string): string {
  const at = name.indexOf("=");
  const [what, value] = [name.slice(0, at), name.slice(at + 1)];
  if (what === "words") return LENGTHS[value] ?? name;
  if (what === "readers") return value === "everybody" ? "Answers that everybody may read" : "Answers that some may read";
  if (what === "signal") return signalInWords(value);
  return name;
}

const PLACES: Record<string, string> = { tensorboard: "TensorBoard", mlflow: "MLflow", wandb: "Weights & Biases" };

export function placeInWords(name: string): string {
  return PLACES[name] ?? name;
}

/** Say which rungs a run was asked for. */
export function rungsInWords(rungs: readonly Rung[]): string {
  return rungs.length ? rungs.map((rung) => RUNGS[rung].name).join(", ") : "All that are open";
}

/** The beginning of an id of 64 letters, by which people tell candidates apart. */
export function short(id: string): string {
  return id.slice(0, 12);
}
