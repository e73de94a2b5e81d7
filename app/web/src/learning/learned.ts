// What the learning pages ask the server, and how often they ask again.
import { queries, type Schemas } from "@/api/client";

export type Run = Schemas["TrainingRunBody"];
export type Trial = Schemas["TrialBody"];
export type Approval = Schemas["ApprovalBody"];

const OFTEN_MS = 2_000;
const SELDOM_MS = 10_000;

export function underWay(run: Run): boolean {
  return run.state === "waiting" || run.state === "running";
}

/** What serves, what is tried and what each rung needs. */
export function useLearning() {
  return queries.useQuery("get", "/v1/learning", {}, { refetchInterval: SELDOM_MS });
}

/** The latest runs; followed closely while one is under way. */
export function useRuns() {
  return queries.useQuery("get", "/v1/learning/runs", { params: { query: { limit: 50 } } }, {
    refetchInterval: ({ state }) => (state.data?.runs.some(underWay) ? OFTEN_MS : SELDOM_MS),
  });
}

export function useRun(runId: string) {
  return queries.useQuery("get", "/v1/learning/runs/{run_id}", { params: { path: { run_id: runId } } }, {
    refetchInterval: ({ state }) => (state.data && !underWay(state.data) ? false : OFTEN_MS),
  });
}

export function useCandidates() {
  return queries.useQuery("get", "/v1/learning/candidates", { params: { query: { limit: 1000 } } });
}

export function useCandidate(candidateId: string) {
  return queries.useQuery("get", "/v1/learning/candidates/{candidate_id}", { params: { path: { candidate_id: candidateId } } }, {
    refetchInterval: ({ state }) => (state.data?.state === "trial" ? SELDOM_MS : false),
  });
}

/** What was asked for, the newest first; others decide, so it is asked again. */
export function useApprovals() {
  return queries.useQuery("get", "/v1/approvals", { params: { query: { limit: 200 } } }, { refetchInterval: SELDOM_MS });
}
