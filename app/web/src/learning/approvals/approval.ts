import type { Schemas } from "@/api/client";

type Approval = Schemas["ApprovalBody"];

const GOOD_FOR_MS = 7 * 86_400_000;

/** The subject of an approval to train. */
export const TRAINING = "training";

export type Step = "ask" | "decide" | "wait" | "do";

/** The newest approval of an action that has not been used up, refused or grown old. */
export function inForce(approvals: readonly Approval[], action: Approval["action"], subject: string): Approval | null {
  const same = approvals.filter((one) => one.action === action && one.subject === subject);
  return same.find(({ state }) => state === "approved") ?? same.find(({ state }) => state === "open") ?? null;
}

/** Say what somebody can do next: ask, decide, wait for another, or do what was approved. */
export function nextStep(approval: Approval | null, me: string, people: number): Step {
  if (!approval) return "ask";
  if (approval.state === "approved") return "do";
  return mayDecide(approval, me, people) ? "decide" : "wait";
}

/** Whether somebody may decide: not what they asked for themselves, unless one person is enough. */
export function mayDecide(approval: Approval, me: string, people: number): boolean {
  return approval.state === "open" && (people === 1 || approval.requested_by !== me);
}

/** Until when an approval is good. */
export function goodUntil(approval: Approval): string | null {
  return approval.decided_at && new Date(new Date(approval.decided_at).getTime() + GOOD_FOR_MS).toISOString();
}
