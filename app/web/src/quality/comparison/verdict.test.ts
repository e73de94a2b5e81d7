import { expect, test } from "vitest";
import type { Schemas } from "@/api/client";
import { summary, verdict } from "./verdict";

const DIFFERENCE: Schemas["DifferenceBody"] = {
  before: 0.5, after: 0.75, value: 0.25, low: 0.1, high: 0.4, bound: 0.12, p_value: 0.0004, p_better: 0.0002, questions: 40, missing: 0,
  detectable: 0.2, verdict: "better", more_questions: null,
};

function comparison(difference: Partial<Schemas["DifferenceBody"]>, primary: string | null = "page_hit@5"): Schemas["ComparisonBody"] {
  return {
    kind: "answers", before: "a", after: "b", primary, measures: {}, figures: { "page_hit@5": { ...DIFFERENCE, ...difference } }, settings: {},
    fingerprints: null, golden: null, questions: { both: 40, only_before: 0, only_after: 0 }, changes: [], differences: [], slices: [], notes: [],
  };
}

test("a difference that counts says which way, how much and how surely", () => {
  const said = verdict(comparison({}));
  expect(said.title).toBe("The later run is better");
  expect(said.words).toContain("changed by +0.250 (95 % interval +0.100 to +0.400)");
  expect(said.words).toContain("p = below 0.001");
});

test("no difference says what would have been found", () => {
  const said = verdict(comparison({ verdict: "no difference found", value: 0.01 }));
  expect(said.tone).toBe("same");
  expect(said.words).toContain("A difference of 0.200 would have been found in four of five such sets");
});

test("too few questions says how many more it takes", () => {
  expect(verdict(comparison({ verdict: "not enough data", more_questions: 31 })).words).toContain("about 31 more questions");
  expect(summary({ ...DIFFERENCE, verdict: "not enough data", more_questions: 1 })).toBe("not enough data: 1 more question");
});

test("without a main figure nothing is decided", () => {
  expect(verdict(comparison({}, null)).tone).toBe("unsure");
});
