import type { Schemas } from "@/api/client";

type Kept = Schemas["KeptQuestionBody"];
export type Review = Schemas["QuestionReviewBody"];

/** What was decided about drafts and not saved yet, by id. */
export type Decisions = Readonly<Record<string, Review>>;

/** Return the place of the next draft that is undecided, looking on from one and then from the beginning; -1 when all are. */
export function nextUndecided(drafts: Kept[], decisions: Decisions, from: number): number {
  for (let n = 0; n < drafts.length; n += 1) {
    const place = (from + n) % drafts.length;
    if (!decisions[drafts[place]?._id ?? ""]) return place;
  }
  return -1;
}

/** Keep what was decided about questions that are as they were looked at; somebody else's changes want another look. */
export function stillValid(decisions: Decisions, before: Kept[], now: Kept[]): Decisions {
  const looked = new Map(before.map((question) => [question._id, JSON.stringify(question)]));
  const same = now.filter((question) => looked.get(question._id) === JSON.stringify(question));
  return Object.fromEntries(same.flatMap(({ _id }) => (decisions[_id] ? [[_id, decisions[_id]]] : [])));
}

/** Count what was decided, in words. */
export function decided(decisions: Decisions): string {
  const all = Object.values(decisions);
  const rejected = all.filter(({ action }) => action === "reject").length;
  return `${all.length - rejected} approved, ${rejected} rejected`;
}
