import { expect, test } from "vitest";
import { noticesOf } from "./Notices";

const PLAIN = { abstained: false, blocked: null, degraded: false, removed: 0, guards: [], searched: "", sentences: [] };

test("an answer as it should be needs no words about it", () => {
  expect(noticesOf(PLAIN)).toEqual([]);
});

test("what a rule forbids is not told as missing from the documents", () => {
  expect(noticesOf({ ...PLAIN, abstained: true, blocked: "topic:salaries" })).toEqual([expect.stringContaining("topic:salaries")]);
});

test("left out sentences are counted", () => {
  expect(noticesOf({ ...PLAIN, removed: 1 })[0]).toContain("1 sentence was left out, because no source bears it out");
  expect(noticesOf({ ...PLAIN, removed: 2 })[0]).toContain("2 sentences were left out, because no source bears them out");
});
