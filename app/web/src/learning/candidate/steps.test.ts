import { expect, test } from "vitest";
import type { Schemas } from "@/api/client";
import { lifeOf } from "./steps";

const made: Schemas["OpenedCandidateBody"] = {
  id: "c", rung: "memory", state: "passed", set_id: "s", parent: null, reason: "", gain: null, created_at: "2026-01-01T00:00:00Z",
  approved_by: null, live_at: null, retired_at: null, manifest: {}, trials: [],
  lineage: { questions: 1, rows: 1, people: 1, documents: 1, erased: false, created_at: "2026-01-01T00:00:00Z", signals: [], open_rows: 1, groups: 1, seed: 1, versions: {} },
  report: {
    recipe: ["memory"], against: [], verdict: "passed", reasons: [], more_questions: null, gain: null, p_adjusted: null, checks: [],
    gains: [], losses: [], questions: 30, seed: 1, seal: null, spread: null, summary: "",
  },
};

const states = (candidate: typeof made) => lifeOf(candidate, "u:ada").map(({ state }) => state);

test("what passed stands at the gate", () => {
  expect(states(made)).toEqual(["done", "now", "next", "next", "next"]);
});

test("what is live without a trial has none behind it", () => {
  expect(states({ ...made, state: "live", live_at: "2026-01-02T00:00:00Z" })).toEqual(["done", "done", "next", "now", "next"]);
});

test("what lost its trial stopped there", () => {
  const trial: Schemas["TrialBody"] = {
    id: "t", candidate_id: "c", against: null, kind: "interleave", state: "lost", share: 1, wins: 2, losses: 30, ties: 1, figures: {}, reason: "",
    e_value: 25, decides_at: 20, started_by: "u:ada", started_at: "2026-01-02T00:00:00Z", ended_at: "2026-01-03T00:00:00Z",
  };
  expect(states({ ...made, state: "refused", trials: [trial] })).toEqual(["done", "done", "stopped", "next", "next"]);
});
