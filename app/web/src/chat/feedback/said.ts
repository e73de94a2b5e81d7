// What somebody says about an answer, as a value: saying something again replaces it whole.
import type { Schemas } from "@/api/client";

export type Feedback = Schemas["FeedbackBody"];
export type NewFeedback = Schemas["NewFeedbackBody"];
export type Reason = Feedback["reasons"][number];

/** In words, in the order in which they are offered. */
export const REASONS: readonly (readonly [Reason, string])[] = [
  ["wrong_answer", "Wrong answer"],
  ["wrong_source", "Wrong source"],
  ["incomplete", "Incomplete"],
  ["outdated", "Outdated"],
  ["unclear", "Unclear"],
  ["not_answered", "Not answered"],
  ["other", "Something else"],
];

export interface Said {
  readonly verdict: "up" | "down" | null;
  readonly reasons: readonly Reason[];
  readonly answer: string;
  readonly evidence: string;
  readonly rightChunks: readonly string[];
  readonly wrongChunks: readonly string[];
  /** What was said elsewhere, and stays said. */
  readonly rightDocuments: readonly string[];
  readonly wrongDocuments: readonly string[];
  readonly preferredOver: string | null;
}

export function saidIn(body: Feedback | null | undefined): Said {
  return {
    verdict: body?.verdict ?? null,
    reasons: body?.reasons ?? [],
    answer: body?.answer ?? "",
    evidence: body?.evidence ?? "",
    rightChunks: body?.right_chunks ?? [],
    wrongChunks: body?.wrong_chunks ?? [],
    rightDocuments: body?.right_documents ?? [],
    wrongDocuments: body?.wrong_documents ?? [],
    preferredOver: body?.preferred_over ?? null,
  };
}

/** Return what is to be sent; null when nothing is said any more, which is taken back. */
export function bodyOf(said: Said): NewFeedback | null {
  const lists = [said.reasons, said.rightChunks, said.wrongChunks, said.rightDocuments, said.wrongDocuments];
  const isSaid = said.verdict !== null || said.answer !== "" || said.evidence !== "" || said.preferredOver !== null;
  if (!isSaid && lists.every((list) => list.length === 0)) return null;
  return {
    reasons: [...said.reasons],
    right_chunks: [...said.rightChunks],
    wrong_chunks: [...said.wrongChunks],
    right_documents: [...said.rightDocuments],
    wrong_documents: [...said.wrongDocuments],
    ...(said.verdict && { verdict: said.verdict }),
    ...(said.answer && { answer: said.answer }),
    ...(said.evidence && { evidence: said.evidence }),
    ...(said.preferredOver && { preferred_over: said.preferredOver }),
  };
}

/** A thumb; the one that is set already is taken back, and with it its reasons. */
export function withVerdict(said: Said, verdict: "up" | "down"): Said {
  const next = said.verdict === verdict ? null : verdict;
  return { ...said, verdict: next, reasons: next === "down" ? said.reasons : [] };
}

export function withReason(said: Said, reason: Reason): Said {
  return { ...said, reasons: toggled(said.reasons, reason) };
}

/** Say that a passage is the right or the wrong one; a passage is never both. */
export function withChunk(said: Said, chunk: string, side: "right" | "wrong"): Said {
  const others = (list: readonly string[]) => list.filter((one) => one !== chunk);
  return side === "right"
    ? { ...said, rightChunks: toggled(said.rightChunks, chunk), wrongChunks: others(said.wrongChunks) }
    : { ...said, wrongChunks: toggled(said.wrongChunks, chunk), rightChunks: others(said.rightChunks) };
}

function toggled<T>(list: readonly T[], value: T): T[] {
  return list.includes(value) ? list.filter((one) => one !== value) : [...list, value];
}
