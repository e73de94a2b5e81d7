// How figures are named and written: the names are those of docs/evaluation.md, the titles say them in plain words.

const TITLES: Record<string, string> = {
  "ndcg@10": "Order of the first ten documents",
  "recall@10": "Right documents among the first ten",
  "recall@100": "Right documents among the first hundred",
  "precision@10": "Right ones of the first ten",
  "mrr@10": "Place of the first right document",
  "map@100": "Precision at every right document",
  "evidence_hit@1": "Right sentence in the first quote",
  "evidence_hit@3": "Right sentence in the first three quotes",
  "page_hit@5": "Right document among the first five",
  passage_recall: "Marked passages that were read",
  citation_precision: "Citations from right documents",
  citation_recall: "Right documents that are cited",
  sentence_support_rate: "Sentences that their quotes bear out",
  exact_match: "The reference answer, word for word",
  token_f1: "Words shared with the reference answer",
  rouge_l: "Longest run shared with the reference answer",
  bleu: "Word sequences shared with the reference answer",
  abstention_auroc: "Confidence parts answerable from unanswerable",
  abstention_accuracy: "Rightly answered or rightly refused",
  refusal_accuracy: "Unanswerable questions that were refused",
  answered_rate: "Answerable questions that were answered",
  risk_coverage_area: "Wrong answers it was sure of",
  degraded: "Answered without the language model",
  prompt_tokens: "Tokens sent to the language model",
  completion_tokens: "Tokens written by the language model",
  cost: "Cost of the language model",
  judged_faithful: "Judged to follow from the passages",
  judged_relevant: "Judged to answer the question",
  judged_correctness: "Judged against the reference answer",
  // Of single questions.
  answerable: "The documents hold an answer",
  confidence: "Confidence",
  abstained: "No answer was given",
  abstention_right: "Rightly answered or rightly refused",
  right: "The answer stands on the right source",
  citations_relevant: "Citations from right documents",
  citations_shown: "Citations",
  sentences_supported: "Sentences that their quotes bear out",
  sentences_said: "Sentences",
  ms: "Time of the search",
  total_ms: "Time of the answer",
  retrieve_ms: "Time of the search",
  generate_ms: "Time of the reply",
};

const AMOUNTS = new Set(["cost", "citations_relevant", "citations_shown", "sentences_supported", "sentences_said"]);

/** A figure's name in plain words; the name itself where there are none. */
export function titleOf(name: string): string {
  const time = /^(?:(retrieve|generate)_)?p(\d+)_ms$/.exec(name);
  if (time) return `${time[2]} % of ${time[1] === "retrieve" ? "searches" : time[1] === "generate" ? "replies" : "questions"} were faster`;
  return TITLES[name] ?? name.replaceAll("_", " ");
}

/** Whether a figure lies between 0 and 1; the others are times, tokens and money. */
export function isShare(name: string): boolean {
  return !/(^|_)(ms|tokens)$/.test(name) && !AMOUNTS.has(name);
}

/** A value of a figure: shares with three digits, times in ms. */
export function shown(value: number | null | undefined, name: string): string {
  if (value === null || value === undefined) return "not measured";
  if (/(^|_)ms$/.test(name)) return `${Math.abs(value) >= 100 ? Math.round(value) : value.toFixed(1)} ms`;
  return isShare(name) ? value.toFixed(3) : new Intl.NumberFormat("en", { maximumSignificantDigits: 4 }).format(value);
}

/** The same with its sign. */
export function changeShown(value: number | null | undefined, name: string): string {
  if (value === null || value === undefined) return "not measured";
  return `${value > 0 ? "+" : value < 0 ? "-" : ""}${shown(Math.abs(value), name)}`;
}

interface Bounds {
  low: number | null;
  high: number | null;
}

/** A 95 % interval, such as ".712 to .861"; nothing where there is none. */
export function between({ low, high }: Bounds, name: string, write = shown): string {
  return low === null || high === null ? "" : `${write(low, name)} to ${write(high, name)}`;
}

export const KINDS: Record<string, string> = { answers: "Answers", retrieval: "Search only" };
