import type { Schemas } from "@/api/client";

type Kept = Schemas["KeptQuestionBody"];

export interface Changed {
  id: string;
  text: string;
  what: "added" | "taken out" | "changed" | "approved";
  /** Names of the fields that differ. */
  fields: string[];
}

const FIELDS: (keyof Kept)[] = ["text", "answer", "evidence", "documents", "tags", "answerable", "passages", "history", "variants", "draft"];

/** Say what changed from one version of a set to another, in the order of the later one; what was taken out comes last. */
export function changes(before: Kept[], after: Kept[]): Changed[] {
  const old = new Map(before.map((question) => [question._id, question]));
  const found: Changed[] = [];
  for (const question of after) {
    const was = old.get(question._id);
    old.delete(question._id);
    if (!was) {
      found.push({ id: question._id, text: question.text, what: "added", fields: [] });
      continue;
    }
    const fields = FIELDS.filter((field) => written(was[field]) !== written(question[field]));
    if (fields.length === 0) continue;
    const approved = (was.draft ?? false) && !question.draft;
    found.push({ id: question._id, text: question.text, what: approved ? "approved" : "changed", fields: fields.filter((field) => field !== "draft") });
  }
  return [...found, ...[...old.values()].map(({ _id, text }): Changed => ({ id: _id, text, what: "taken out", fields: [] }))];
}

// No draft is a draft that is false, and no documents are none.
function written(value: unknown): string {
  return JSON.stringify(value === false ? null : (value ?? null));
}
