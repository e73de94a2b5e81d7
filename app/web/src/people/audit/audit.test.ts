import { expect, test } from "vitest";
import { actionChoices, actionWords } from "./actions";
import { asked, beginningOf } from "./wanted";

test("an action that the page does not know is told in its own words", () => {
  expect(actionWords("document.open")).toBe("Opened a document");
  expect(actionWords("golden.review_made")).toBe("Golden: review made");
});

test("each choice stands there once", () => {
  const values = actionChoices().flatMap((choice) => choice.items.map((item) => item.value));
  expect(new Set(values).size).toBe(values.length);
  expect(values).toContain("document");
});

test("the last day counts whole, also at the end of a month", () => {
  expect(asked({ from: "2026-02-27", until: "2026-02-28" })).toMatchObject({
    since: new Date(2026, 1, 27).toISOString(),
    until: new Date(2026, 2, 1).toISOString(),
  });
});

test("what is no day narrows nothing", () => {
  expect(beginningOf("yesterday")).toBeUndefined();
  expect(asked({ object: "  ", actor: "" })).toEqual({});
});
