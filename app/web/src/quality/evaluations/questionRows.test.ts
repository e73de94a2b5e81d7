import { expect, test } from "vitest";
import { mainScore, narrowed, questionRows, type Report } from "./questionRows";

const report: Report = {
  format: 1, kind: "answers", accepted: false, primary: "evidence_hit@3", measures: {}, figures: {}, tags: {}, counts: {}, fingerprint: "",
  settings: {}, failed: [], skipped: {}, notes: [], slices: [], gaps: [],
  provenance: { id: "a", started_at: "", golden: "g", golden_version: 1, golden_sha256: "", corpus_epoch: 1, seed: 1, versions: {}, corpus_sha256: "" },
  scores: {
    fine: { "evidence_hit@3": 1, abstention_right: 1 },
    lost: { "evidence_hit@3": 0, abstention_right: 1 },
    dog: { "evidence_hit@3": null, abstention_right: 0 },
    unsaid: { "evidence_hit@3": null },
  },
  details: { lost: { text: "How many DAYS?", expected: [], found: [], answer: null, reference: null, cited: [], named: [] } },
  wrong: [{ question: "lost", score: 0, why: "" }, { question: "dog", score: 0, why: "answered, though no document does" }],
};

test("what went wrong stands first and says why", () => {
  expect(questionRows(report).map(({ id, wrong, score }) => [id, wrong, score])).toEqual([
    ["lost", "not found", 0], ["dog", "answered, though no document does", 0], ["fine", null, 1], ["unsaid", null, null],
  ]);
});

test("questions are narrowed by what became of them and by words", () => {
  const rows = questionRows(report);
  const ids = (...given: [Parameters<typeof narrowed>[1], string]) => narrowed(rows, ...given).map(({ id }) => id);
  expect(ids("wrong", "")).toEqual(["lost", "dog"]);
  expect(ids("right", "")).toEqual(["fine"]);
  expect(ids("unknown", "")).toEqual(["unsaid"]);
  expect(ids("all", " days ")).toEqual(["lost"]);
});

test("where the main figure says nothing, it counts whether it was rightly answered", () => {
  expect(mainScore(report, { abstention_right: 1 })).toBe(1);
  expect(mainScore({ ...report, primary: "abstention_accuracy" }, { abstention_right: 0 })).toBe(0);
});
