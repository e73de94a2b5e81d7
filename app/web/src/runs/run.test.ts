import { expect, test } from "vitest";
import { isProgress, outcomes, shareDone, stageTimes, type RunProgress } from "./run";

const NOTHING: RunProgress = {
  total: 0, done: 0, queued: 0, working: 0, staged: 0, added: 0, updated: 0, unchanged: 0, moved: 0, deleted: 0, failed: 0,
  quarantined: 0, cancelled: 0, failed_kinds: {}, chunks: 0, embedded: 0, size_bytes: 0, per_second: 0, eta_s: null,
};

test("only whole progress is progress", () => {
  expect(isProgress(NOTHING)).toBe(true);
  expect(isProgress({ ...NOTHING, done: "3" })).toBe(false);
  expect(isProgress({ total: 1 })).toBe(false);
  expect(isProgress(null)).toBe(false);
});

test("a run that found nothing is whole when it has ended, and not before", () => {
  expect(shareDone({ state: "done", progress: NOTHING })).toBe(1);
  expect(shareDone({ state: "running", progress: NOTHING })).toBe(0);
  expect(shareDone({ state: "running", progress: { ...NOTHING, total: 4, done: 1 } })).toBe(0.25);
});

test("outcomes are said in words, and only those that there are", () => {
  expect(outcomes({ ...NOTHING, added: 3, quarantined: 1 })).toBe("3 added, 1 held back");
  expect(outcomes(NOTHING)).toBe("nothing to do");
});

test("the stage that took the longest comes first", () => {
  // parse: 10 + 20 = 30, mean 15, slowest 20; embed: 100 of one document.
  expect(stageTimes([{ timings_ms: { parse: 10, embed: 100 } }, { timings_ms: { parse: 20 } }])).toEqual([
    { stage: "embed", documents: 1, totalMs: 100, meanMs: 100, slowestMs: 100 },
    { stage: "parse", documents: 2, totalMs: 30, meanMs: 15, slowestMs: 20 },
  ]);
});
