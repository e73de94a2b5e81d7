import type { Schemas } from "@/api/client";
import { namesOf } from "./edited";

type Kept = Schemas["KeptQuestionBody"];
export type Shows = "all" | "drafts" | "approved" | "withheld" | "unanswerable";

export const SHOWS: { value: Shows; label: string }[] = [
  { value: "all", label: "All questions" },
  { value: "drafts", label: "Drafts" },
  { value: "approved", label: "Approved" },
  { value: "unanswerable", label: "Without an answer" },
  { value: "withheld", label: "With withheld words" },
];

/** Narrow questions by what they are, and by words of them, of their answers, tags, or documents. */
export function sought(questions: Kept[], shows: Shows, words: string): Kept[] {
  const needle = words.trim().toLowerCase();
  return questions.filter((question) => fits(question, shows) && (needle === "" || written(question).includes(needle)));
}

function fits({ draft, withheld, answerable }: Kept, shows: Shows): boolean {
  if (shows === "drafts") return draft === true;
  if (shows === "approved") return draft !== true;
  if (shows === "withheld") return withheld === true;
  return shows === "all" || answerable === false;
}

function written({ _id, text, answer, evidence, documents, tags }: Kept): string {
  return [_id, text, answer, evidence, ...namesOf(documents), ...Object.values(tags ?? {})].join("\n").toLowerCase();
}
