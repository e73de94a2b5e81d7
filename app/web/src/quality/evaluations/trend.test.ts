import { expect, test } from "vitest";
import type { Run } from "./RunTable";
import { seriesOf, trend } from "./trend";

function run(id: string, golden: string, value: number | null, kind = "answers"): Run {
  return {
    id, golden, kind, golden_version: 1, questions: 10, accepted: false, created_at: "2026-11-01T00:00:00Z",
    primary: value === null ? null : "page_hit@5", figures: { "page_hit@5": value }, intervals: {}, settings: {},
  };
}

test("only runs of one set and kind stand on one line, the oldest first", () => {
  const found = seriesOf([run("c", "a", 0.5), run("x", "a", 0.9, "retrieval"), run("b", "a", 0.25), run("n", "a", null)]);
  expect(found.map((series) => series.runs.map(({ id }) => id))).toEqual([["b", "c"], ["x"]]);
});

test("a trend is told from the first to the last", () => {
  expect(trend([run("b", "a", 0.25), run("c", "a", 0.5)], "page_hit@5")).toContain("from 0.250 to 0.500 (+0.250)");
});
