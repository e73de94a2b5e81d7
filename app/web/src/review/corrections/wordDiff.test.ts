import { expect, test } from "vitest";
import { isAnew, wordDiff } from "./wordDiff";

function side(before: string, after: string, hidden: "added" | "removed"): string {
  return wordDiff(before, after).filter(({ kind }) => kind !== hidden).map(({ text }) => text).join("");
}

test("a word that changed is removed and added", () => {
  expect(wordDiff("You earn 27 days a year.", "You earn 28 days a year.")).toEqual([
    { kind: "same", text: "You earn " },
    { kind: "removed", text: "27" },
    { kind: "added", text: "28" },
    { kind: "same", text: " days a year." },
  ]);
});

test.each([
  ["", ""],
  ["", "new words"],
  ["old words", ""],
  ["a b c d", "d c b a"],
  ["one two three", "zero one three four"],
  ["Der Hund läuft.", "Der Hund läuft heute."],
  ["我们明天休息", "我们今天休息"],
])("each side reads as it was (%s)", (before, after) => {
  expect(side(before, after, "added")).toBe(before);
  expect(side(before, after, "removed")).toBe(after);
});

test("an answer that was written anew is told from one that was corrected", () => {
  expect(isAnew(wordDiff("You earn 27 days a year.", "You earn 28 days a year."))).toBe(false);
  expect(isAnew(wordDiff("It is a long answer about leave and pay.", "Ask the porter."))).toBe(true);
  expect(isAnew(wordDiff("", ""))).toBe(false);
});

test("equal texts do not differ", () => {
  expect(wordDiff("the same", "the same")).toEqual([{ kind: "same", text: "the same" }]);
});

test("very long texts that have nothing in common are compared quickly", () => {
  const [before, after] = ["a b ".repeat(4000), "c d ".repeat(4000)];
  expect(side(before, after, "removed")).toBe(after);
});
