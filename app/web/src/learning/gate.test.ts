import { expect, test } from "vitest";
import { conditions, headline, lastOutcome, madeBy, type Report } from "./gate";

const report: Report = {
  recipe: ["memory"], against: [], verdict: "passed", reasons: ["nDCG@10 +0.0310"], more_questions: null,
  gain: { before: 0.5, after: 0.531, value: 0.031, low: 0.01, high: 0.05, bound: 0.012, p_better: 0.001, p_value: 0.002, missing: 0, verdict: "better", more_questions: null, questions: 120, detectable: 0.02 },
  p_adjusted: 0.002, checks: [], gains: [], losses: [], questions: 130, seed: 1, seal: null, spread: null, summary: "",
};

test("a gain is said with what is sure of it", () => {
  expect(headline(report)).toBe("Better by 0.031 on 120 questions; at least +0.012 with 95 % confidence.");
});

test("a gain that may be chance says how many questions would tell", () => {
  const open: Report = { ...report, verdict: "not_enough_data", more_questions: 61 };
  expect(headline(open)).toContain("may be chance. 61 more questions would tell");
});

test("where nothing was measured, nothing is said of a gain", () => {
  const few: Report = { ...report, verdict: "not_enough_data", gain: null, p_adjusted: null, questions: 7, more_questions: 18 };
  expect(headline(few)).toBe("Too little to measure by: 7 questions of 25. 18 more questions would tell in 4 of 5 cases.");
  expect(conditions(few)[0]).toMatchObject({ outcome: "not_enough_data" });
});

test("conditions that were not looked at are listed as such", () => {
  const check = { name: "leaks", outcome: "refused" as const, detail: "e1 is held out", value: 1, limit: 0, more_questions: null };
  const found = conditions({ ...report, verdict: "refused", checks: [check] });
  expect(found.find(({ name }) => name.startsWith("Nothing was measured"))).toMatchObject({ outcome: "refused", detail: "e1 is held out" });
  expect(found.find(({ name }) => name === "Not slower")).toMatchObject({ outcome: "not_made" });
});

test("kinds of questions are said in words", () => {
  const check = { name: "slices", outcome: "passed" as const, detail: "the worst of 3 is words=1-4 with +0.1 on 40 questions", value: 0.1, limit: -0.05, more_questions: null };
  const found = conditions({ ...report, checks: [check] }).find(({ name }) => name === "No kind of question loses");
  expect(found?.detail).toBe("the worst of 3 is “Questions of up to 4 words” with +0.1 on 40 questions; the limit is -0.05");
});

test("a gain of one question alone is no gain", () => {
  const small: Report = { ...report, gain: { ...report.gain!, value: 0.004 } };
  expect(conditions(small).find(({ name }) => name.startsWith("More than one"))).toMatchObject({ outcome: "not_enough_data" });
});

const outcome = (candidate: string | null) => ({ rung: "memory" as const, verdict: "passed" as const, candidate, words: "", report: null });

test("the newest outcome of a rung counts, and the oldest run with a candidate made it", () => {
  const run = (id: string, outcomes: ReturnType<typeof outcome>[]) => ({
    id, rungs: [], state: "done" as const, progress: { stage: "", share: 1, message: "" }, set_id: null, outcomes, report_to: null,
    error: "", requested_by: "u:ada", requested_at: "2026-01-01T00:00:00Z", started_at: null, ended_at: null,
  });
  const runs = [run("c", []), run("b", [outcome("x")]), run("a", [outcome("x")])];
  expect(lastOutcome(runs, "memory")?.run.id).toBe("b");
  expect(lastOutcome(runs, "fusion")).toBeNull();
  expect(madeBy(runs, "x")?.id).toBe("a");
});
