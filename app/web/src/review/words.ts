// What the review says in words: pure, so that it can be tested.
import type { Schemas } from "@/api/client";
import { REASONS } from "@/chat/feedback/said";
import { count } from "@/kit/numbers";

export type Group = Schemas["QuestionGroupBody"];
export type Groups = Schemas["QuestionGroupsBody"];
export type Gap = Schemas["ContentGapBody"];
export type Progress = Schemas["QueueProgressBody"];

const DAY_MS = 86_400_000;
const REASON_WORDS = new Map<string, string>(REASONS);

export function reasonWords(reason: string): string {
  return REASON_WORDS.get(reason) ?? reason.replaceAll("_", " ");
}

/** Say how many of a group a share stands for, such as "2 of 3"; nothing where it is none. */
export function ofGroup(share: number, total: number): string {
  const some = Math.round(share * total);
  if (some === 0) return "";
  return some === total ? "" : `${some} of ${total}`;
}

/** Say who asked how often, such as "Asked 3 times by 2 people". */
export function askedWords({ count: asked, askers }: Pick<Group, "count" | "askers">): string {
  if (asked === 1) return "Asked once";
  return `Asked ${count(asked, "time")} by ${count(askers, "person", "people")}`;
}

/** Return the moment some days ago, from midnight so that it stays the same the whole day; undefined for any time. */
export function daysAgo(days: string | undefined, now = new Date()): string | undefined {
  const many = Number(days);
  if (!days || !Number.isInteger(many) || many < 1 || many > 3650) return undefined;
  const midnight = Date.UTC(now.getUTCFullYear(), now.getUTCMonth(), now.getUTCDate());
  return new Date(midnight - many * DAY_MS).toISOString();
}

/** Say how near the documents come to what is asked, by how likely they are taken to answer it. */
export function nearness({ answered_now, confidence, nearest }: Pick<Gap, "answered_now" | "confidence" | "nearest">): string {
  if (answered_now) return "Answered by now";
  if (nearest.length === 0) return "Nothing at all";
  if (confidence < 0.1) return "Nothing close";
  return confidence < 0.3 ? "Something near" : "Something very near, and not enough";
}

/** Say how near a document comes by its meaning: 1 would be the same words. */
export function similarityWords(similarity: number | null): string {
  if (similarity === null) return "it shares words, and little of the meaning";
  const words = similarity >= 0.6 ? "about the same" : similarity >= 0.3 ? "related" : "about something else";
  return `${words} (similarity ${similarity.toFixed(2)} of 1)`;
}

/** Write gaps as a list for whoever writes the documents. */
export function asList(gaps: readonly Pick<Gap, "title" | "count" | "askers" | "nearest" | "answered_now" | "confidence">[]): string {
  const lines = gaps.map((gap) => {
    const near = gap.nearest.map(({ title }) => title).slice(0, 3).join("; ");
    return `- ${gap.title.replaceAll(/\s+/g, " ")} (${askedWords(gap).toLowerCase()})${near ? `\n  ${nearness(gap)}: ${near}` : ""}`;
  });
  return `${lines.join("\n")}\n`;
}
