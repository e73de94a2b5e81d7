// A question on its way to an answer, as a value: what its events make of it.
import { Problem, type Schemas } from "@/api/client";
import type { ServerEvent } from "@/api/events";

export type Answer = Schemas["AnswerBody"];
export type Citation = Schemas["CitationBody"];
export type Sentence = Schemas["SentenceBody"];

/** What somebody wants to know, and where it is looked for. */
export interface Wish {
  readonly question: string;
  /** The turn of the conversation whose place the answer takes. */
  readonly replaces: string | null;
  readonly collection: string | null;
  readonly assistant: string | null;
}

export interface Attempt {
  readonly wish: Wish;
  /** `loose`: there is an answer, but its conversation was deleted meanwhile. */
  readonly phase: "searching" | "reading" | "answering" | "stopped" | "failed" | "loose";
  readonly passages: number;
  readonly searched: string;
  readonly text: string;
  readonly citations: readonly Citation[];
  readonly sentences: readonly Sentence[];
  readonly error: Error | null;
  readonly answer: Answer | null;
}

export function begun(wish: Wish): Attempt {
  return { wish, phase: "searching", passages: 0, searched: "", text: "", citations: [], sentences: [], error: null, answer: null };
}

/** Whether it goes on. */
export function isBusy({ phase }: Attempt): boolean {
  return phase === "searching" || phase === "reading" || phase === "answering";
}

/** Return the attempt after an event. Throws a `Problem` for an error that is the end. */
export function heard(attempt: Attempt, { name, data }: ServerEvent): Attempt {
  if (!isRecord(data)) return attempt;
  switch (name) {
    case "retrieval": {
      const { passages, searched } = data;
      const found = Array.isArray(passages) ? passages.length : 0;
      return { ...blank(attempt), phase: "reading", passages: found, searched: typeof searched === "string" ? searched : "" };
    }
    case "token":
      return typeof data["text"] === "string" ? { ...attempt, phase: "answering", text: attempt.text + data["text"] } : attempt;
    case "citation":
      return isCitation(data) ? { ...attempt, citations: [...attempt.citations, data] } : attempt;
    case "verdict":
      return isSentence(data) ? { ...attempt, sentences: [...attempt.sentences, data] } : attempt;
    case "error":
      if (data["recoverable"] === true) return { ...blank(attempt), phase: "reading" };
      throw new Problem(Number(data["status"] ?? 500), String(data["title"] ?? "No answer"), String(data["detail"] ?? ""));
    default:
      return attempt;
  }
}

/** Return the whole answer when the event brings it. */
export function answerOf({ name, data }: ServerEvent): Answer | null {
  return name === "done" && isAnswer(data) ? data : null;
}

function blank(attempt: Attempt): Attempt {
  return { ...attempt, text: "", citations: [], sentences: [] };
}

function isRecord(data: unknown): data is Record<string, unknown> {
  return typeof data === "object" && data !== null;
}

function isCitation(data: unknown): data is Citation {
  return isRecord(data) && typeof data["number"] === "number" && typeof data["quote"] === "string" && Array.isArray(data["section"]);
}

function isSentence(data: unknown): data is Sentence {
  return isRecord(data) && typeof data["start"] === "number" && typeof data["end"] === "number" && typeof data["verdict"] === "string";
}

function isAnswer(data: unknown): data is Answer {
  return isRecord(data) && typeof data["answer"] === "string" && typeof data["interaction_id"] === "string"
    && Array.isArray(data["citations"]) && Array.isArray(data["nearest"]) && Array.isArray(data["sentences"]);
}
