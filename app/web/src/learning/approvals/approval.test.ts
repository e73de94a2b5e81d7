import { expect, test } from "vitest";
import type { Schemas } from "@/api/client";
import { goodUntil, inForce, nextStep } from "./approval";

const open: Schemas["ApprovalBody"] = {
  id: "a", action: "train", subject: "training", reason: "a month of feedback", requested_by: "u:ada", requested_at: "2026-01-01T00:00:00Z",
  state: "open", decided_by: null, decided_at: null, spent_at: null,
};

test("who asked waits, another decides, and one person is enough where the server says so", () => {
  expect(nextStep(null, "u:ada", 2)).toBe("ask");
  expect(nextStep(open, "u:ada", 2)).toBe("wait");
  expect(nextStep(open, "u:bob", 2)).toBe("decide");
  expect(nextStep(open, "u:ada", 1)).toBe("decide");
  expect(nextStep({ ...open, state: "approved" }, "u:ada", 2)).toBe("do");
});

test("what was used up, refused or has grown old has to be asked for again", () => {
  for (const state of ["spent", "refused", "expired"] as const) expect(inForce([{ ...open, state }], "train", "training")).toBeNull();
  expect(inForce([open], "promote", "training")).toBeNull();
  expect(inForce([open, { ...open, id: "b", state: "approved" }], "train", "training")?.id).toBe("b");
});

test("an approval is good for a week", () => {
  expect(goodUntil({ ...open, state: "approved", decided_at: "2026-01-01T10:00:00Z" })).toBe("2026-01-08T10:00:00.000Z");
});
