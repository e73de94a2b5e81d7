// The gate's report, in words and as a list of conditions.
import type { Schemas } from "@/api/client";
import { count, percent, signed } from "@/kit/numbers";
import { kindInWords } from "./words";

export type Report = Schemas["GateReportBody"];
type Run = Schemas["TrainingRunBody"];
type Check = Schemas["CheckBody"];

export interface Condition {
  name: string;
  outcome: Check["outcome"] | "not_made";
  detail: string;
}

/** What the gate holds a gain against: see docs/learning-gate.md. */
const LEAST_QUESTIONS = 25;
const CHANCE = 0.035;
const LEAST_TOTAL = 0.63;

const CHECKS: Record<string, string> = {
  leaks: "Nothing was measured by what it learned from",
  slices: "No kind of question loses",
  givers: "The gain does not hang on one person",
  general: "Golden questions are not worse",
  latency: "Not slower",
  canary: "One person's planted votes change little",
  sealed: "The newest questions, kept apart, do not contradict",
  citations: "Citations lead to passages",
  likeness: "Answers are like the corrections",
  abstentions: "What has no answer is still declined",
};

const SEARCHED = ["leaks", "slices", "givers", "general", "latency", "canary", "sealed"];

/** Say in a sentence or two what the gate found. */
export function headline(report: Report): string {
  const { gain, verdict } = report;
  const more = report.more_questions === null ? "" : ` ${count(report.more_questions, "more question")} would tell in 4 of 5 cases.`;
  if (!gain || gain.value === null) {
    return `Too little to measure by: ${count(report.questions, "question")} of ${LEAST_QUESTIONS}.${more}`;
  }
  const found = `${gain.value < 0 ? "Worse" : "Better"} by ${Math.abs(gain.value).toFixed(3)} on ${count(gain.questions, "question")}`;
  const bound = gain.bound === null ? "" : `; at least ${signed(gain.bound)} with 95 % confidence`;
  if (verdict === "passed") return `${found}${bound}.`;
  if (verdict === "not_enough_data") return `${found}${bound}: that may be chance.${more}`;
  return Math.abs(gain.value) < 0.0005 ? `No gain was found on ${count(gain.questions, "question")}.` : `${found}${bound}. It is not offered.`;
}

/** List every condition, also those that were not looked at since an earlier one failed. */
export function conditions(report: Report): Condition[] {
  const made = new Map(report.checks.map((check) => [check.name, check]));
  const searched = !report.checks.some((check) => check.name === "citations");
  const names = searched ? [...new Set([...SEARCHED, ...made.keys()])] : [...made.keys()];
  return [...gained(report), ...names.map((name) => condition(name, made.get(name)))];
}

function condition(name: string, check: Check | undefined): Condition {
  const said = CHECKS[name] ?? name;
  if (!check) return { name: said, outcome: "not_made", detail: "Not looked at: an earlier condition was not met." };
  const more = check.more_questions === null ? "" : `; ${count(check.more_questions, "more question")} would tell`;
  return { name: said, outcome: check.outcome, detail: `${withKinds(check.detail)}${limit(check)}${more}` };
}

function withKinds(detail: string): string {
  return detail.replaceAll(/\b(?:words|readers|signal)=[\w+-]+/g, (kind) => `“${kindInWords(kind)}”`);
}

function limit(check: Check): string {
  if (check.limit === null || check.value === null || check.name === "leaks") return "";
  if (check.name === "latency") return `: ${check.value.toFixed(2)} times as long, ${check.limit.toFixed(1)} times at most, and a millisecond for the clock`;
  if (check.name === "canary") return `: ${check.value.toFixed(2)}, ${check.limit.toFixed(2)} at most`;
  return `; the limit is ${signed(check.limit, 2)}`;
}

function gained(report: Report): Condition[] {
  const { gain, p_adjusted: chance } = report;
  const groups = gain?.questions ?? report.questions;
  const enough: Condition = {
    name: "Enough labelled questions",
    outcome: groups >= LEAST_QUESTIONS ? "passed" : "not_enough_data",
    detail: `${groups}, ${LEAST_QUESTIONS} at least; nearly the same questions count once`,
  };
  if (!gain || gain.value === null) return [enough];
  const bound = gain.bound ?? -1;
  return [
    enough,
    { name: "A gain beyond doubt", outcome: told(bound > 0), detail: `${signed(gain.value)}, at least ${signed(bound)} with 95 % confidence; above 0` },
    {
      name: "More than chance",
      outcome: told(chance !== null && chance < CHANCE),
      detail: `chance alone gains as much in ${percent(chance ?? 1, 1)} of cases; ${percent(CHANCE, 1)} at most`,
    },
    {
      name: "More than one question could undo",
      outcome: told(gain.value * gain.questions > LEAST_TOTAL),
      detail: `${signed(gain.value * gain.questions, 2)} over all questions; above ${LEAST_TOTAL}`,
    },
  ];
}

function told(met: boolean): Condition["outcome"] {
  return met ? "passed" : "not_enough_data";
}

/** Find what came out for a rung when it was tried last. */
export function lastOutcome(runs: readonly Run[], rung: Run["rungs"][number]): { run: Run; outcome: Schemas["OutcomeBody"] } | null {
  for (const run of runs) {
    const outcome = run.outcomes.find((one) => one.rung === rung);
    if (outcome) return { run, outcome };
  }
  return null;
}

/** Find the run that made a candidate. */
export function madeBy(runs: readonly Run[], candidateId: string): Run | null {
  return runs.findLast((run) => run.outcomes.some((outcome) => outcome.candidate === candidateId)) ?? null;
}
