import { expect, test } from "vitest";
import { decided, nextUndecided, stillValid } from "./decisions";

const DRAFTS = ["a", "b", "c"].map((_id) => ({ _id, text: `${_id}?`, draft: true }));

test("the next one is looked for onwards, then from the beginning", () => {
  const decisions = { b: { key: "b", action: "approve" as const } };
  expect(nextUndecided(DRAFTS, decisions, 1)).toBe(2);
  expect(nextUndecided(DRAFTS, { ...decisions, c: { key: "c", action: "reject" as const } }, 2)).toBe(0);
  expect(nextUndecided(DRAFTS.slice(1, 2), decisions, 0)).toBe(-1);
  expect(nextUndecided([], {}, 0)).toBe(-1);
});

test("what somebody else changed or took out has to be looked at again", () => {
  const decisions = Object.fromEntries(DRAFTS.map(({ _id }) => [_id, { key: _id, action: "approve" as const }]));
  const now = [{ _id: "a", text: "a?", draft: true }, { _id: "b", text: "reworded?", draft: true }];
  expect(Object.keys(stillValid(decisions, DRAFTS, now))).toEqual(["a"]);
});

test("decisions are counted", () => {
  expect(decided({ a: { key: "a", action: "approve" }, b: { key: "b", action: "reject" } })).toBe("1 approved, 1 rejected");
});
