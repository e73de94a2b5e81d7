import { expect, test } from "vitest";
import { actionsFor, isAction } from "./actions";

test("only what has a place in the text is redacted, and no duplicate is held back", () => {
  expect(actionsFor("secret").map(({ value }) => value)).toEqual(["report", "redact", "quarantine", "off"]);
  expect(actionsFor("stale").map(({ value }) => value)).toEqual(["report", "quarantine", "off"]);
  expect(actionsFor("duplicate").map(({ value }) => value)).toEqual(["report", "off"]);
});

test("nothing else is an action", () => {
  expect(isAction("off")).toBe(true);
  expect(isAction("toString")).toBe(false);
  expect(isAction(null)).toBe(false);
});
