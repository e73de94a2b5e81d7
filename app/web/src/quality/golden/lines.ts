import type { Schemas } from "@/api/client";

type Question = Schemas["NewVersionBody"]["questions"][number];

export interface Lines {
  questions: Question[];
  /** What is wrong, with the number of its line; a file with faults is not taken. */
  faults: string[];
}

const MOST_FAULTS = 5;

/** Read questions from JSON lines. What each field must be is for the server to say; here is caught what is no line at all. */
export function questionsOf(text: string): Lines {
  const found: Lines = { questions: [], faults: [] };
  const seen = new Map<string, number>();
  for (const [n, line] of text.replace(/^\uFEFF/, "").split(/\r\n|\n/).entries()) {
    if (line.trim() === "") continue;
    if (found.faults.length >= MOST_FAULTS) break;
    const value = parsed(line);
    if (!isQuestion(value)) {
      found.faults.push(`Line ${n + 1} ${value === undefined ? "is not JSON" : 'is no question: it needs an "_id" and a "text"'}`);
      continue;
    }
    const before = seen.get(value._id);
    if (before !== undefined) found.faults.push(`Line ${n + 1} has the id of line ${before}: ${value._id}`);
    seen.set(value._id, n + 1);
    found.questions.push(value);
  }
  return found;
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

function isQuestion(value: unknown): value is Question {
  return typeof value === "object" && value !== null && "_id" in value && typeof value._id === "string" && value._id !== ""
    && "text" in value && typeof value.text === "string";
}

/** Put questions behind those of a set; one of the same id takes the place of the one there. */
export function merged(before: Question[], added: Question[]): Question[] {
  const fresh = new Map(added.map((question) => [question._id, question]));
  const kept = before.map((question) => {
    const other = fresh.get(question._id);
    fresh.delete(question._id);
    return other ?? question;
  });
  return [...kept, ...fresh.values()];
}
