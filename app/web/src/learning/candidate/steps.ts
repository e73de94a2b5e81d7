import type { Schemas } from "@/api/client";

type Candidate = Schemas["OpenedCandidateBody"];

export interface LifeStep {
  name: string;
  /** `now` is where it stands, `next` what has not been. */
  state: "done" | "now" | "next" | "stopped";
  at: string | null;
  /** Principal id of who did it. */
  by: string | null;
  note: string;
}

const ENDS: Record<Schemas["TrialBody"]["state"], string> = { running: "Runs", won: "Won", lost: "Lost", stopped: "Stopped" };

/** The way of a candidate: trained, measured, tried, live, retired; a trial may be left out. */
export function lifeOf(candidate: Candidate, trainedBy: string | null): LifeStep[] {
  return [trained(candidate, trainedBy), measured(candidate), tried(candidate), served(candidate), retired(candidate)];
}

function trained(candidate: Candidate, by: string | null): LifeStep {
  return { name: "Trained", state: candidate.state === "made" ? "now" : "done", at: candidate.created_at, by, note: "" };
}

function measured({ report, state }: Candidate): LifeStep {
  const name = "Gate";
  if (!report) return { name, state: state === "refused" ? "stopped" : "next", at: null, by: null, note: "Not measured." };
  const passed = report.verdict === "passed";
  const here = state === "passed" ? "now" : "done";
  return { name, state: passed ? here : "stopped", at: null, by: null, note: passed ? "Passed." : "Refused." };
}

function tried({ state, trials }: Candidate): LifeStep {
  const [last] = trials;
  const name = "Trial";
  if (!last) return { name, state: "next", at: null, by: null, note: "Not tried. A trial may be left out." };
  const note = trials.length > 1 ? `${ENDS[last.state]}, the last of ${trials.length} trials` : ENDS[last.state];
  const after = last.state === "lost" ? "stopped" : "done";
  return { name, state: state === "trial" ? "now" : after, at: last.started_at, by: last.started_by, note: `${note}.` };
}

function served({ state, live_at, approved_by }: Candidate): LifeStep {
  const name = "Live";
  if (!live_at) return { name, state: "next", at: null, by: null, note: "Never promoted." };
  return { name, state: state === "live" ? "now" : "done", at: live_at, by: approved_by, note: "" };
}

function retired({ state, retired_at, reason }: Candidate): LifeStep {
  const name = "Retired";
  if (state !== "retired") return { name, state: "next", at: null, by: null, note: "" };
  return { name, state: "now", at: retired_at, by: null, note: reason ? `${reason.charAt(0).toUpperCase()}${reason.slice(1)}.` : "" };
}
