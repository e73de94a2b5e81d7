import type { Schemas } from "@/api/client";

type Kept = Schemas["KeptQuestionBody"];
type Changes = Schemas["QuestionChangesBody"];

/** What can be edited of a question, as the form has it. */
export interface Fields {
  text: string;
  answer: string;
  evidence: string;
  answerable: boolean;
  documents: string[];
  /** As "name: value". */
  tags: string[];
}

export const EMPTY: Fields = { text: "", answer: "", evidence: "", answerable: true, documents: [], tags: [] };

/** Return a question as the form has it. */
export function fieldsOf(question: Kept): Fields {
  return {
    text: question.text,
    answer: question.answer ?? "",
    evidence: question.evidence ?? "",
    answerable: question.answerable ?? true,
    documents: namesOf(question.documents),
    tags: Object.entries(question.tags ?? {}).map(([name, value]) => `${name}: ${value}`),
  };
}

export function namesOf(documents: Kept["documents"]): string[] {
  if (!documents) return [];
  return Array.isArray(documents) ? documents : Object.keys(documents);
}

/** Return what was changed, for a review; a field that is as before is left out, so that withheld words stay. */
export function changesOf(question: Kept, after: Fields): Changes {
  const before = fieldsOf(question);
  const changes: Changes = {};
  if (after.text !== before.text) changes.text = after.text;
  if (after.answer !== before.answer) changes.answer = after.answer;
  if (after.evidence !== before.evidence) changes.evidence = after.evidence;
  if (after.answerable !== before.answerable) changes.answerable = after.answerable;
  if (!same(after.documents, before.documents)) changes.documents = graded(question.documents, after.documents);
  if (!same(after.tags, before.tags)) changes.tags = tagsOf(after.tags);
  return changes;
}

// A grade says how well a document answers: those that stay keep theirs, a new one has 1.
function graded(before: Kept["documents"], names: string[]): NonNullable<Changes["documents"]> {
  if (!before || Array.isArray(before)) return names;
  return Object.fromEntries(names.map((name) => [name, before[name] ?? 1]));
}

function same(a: string[], b: string[]): boolean {
  return a.length === b.length && a.every((text, n) => text === b[n]);
}

/** Read "name: value" entries; one without a value is left out. */
export function tagsOf(entries: string[]): Record<string, string> {
  const pairs = entries.map((entry) => {
    const at = entry.indexOf(":");
    return [entry.slice(0, at).trim(), entry.slice(at + 1).trim()] as const;
  });
  return Object.fromEntries(pairs.filter(([name, value], n) => name !== "" && value !== "" && entries[n]?.includes(":")));
}

export function isTag(entry: string): boolean {
  return Object.keys(tagsOf([entry])).length === 1;
}

/** Return a question of what a form holds, with an id that no other has. */
export function fresh({ text, answer, evidence, answerable, documents, tags }: Fields): Schemas["NewVersionBody"]["questions"][number] {
  return {
    _id: `written-${crypto.randomUUID()}`,
    text,
    ...(answer && { answer }),
    ...(evidence && { evidence }),
    ...(!answerable && { answerable }),
    ...(documents.length > 0 && { documents }),
    ...(tags.length > 0 && { tags: tagsOf(tags) }),
  };
}
