import type { Schemas } from "@/api/client";

export type Action = NonNullable<Schemas["PolicyBody"]["actions"]>[string];

const WORDS: Record<Action, string> = {
  report: "Report it",
  redact: "Put a mark in its place",
  quarantine: "Hold the document back",
  off: "Do not look for it",
};
// What has a place in the text can be taken out of it.
const REDACTED = new Set(["personal", "secret", "instruction", "hidden_text"]);

/** Return what can be done about a kind of finding. */
export function actionsFor(kind: string): { value: Action; label: string }[] {
  const possible: Action[] = ["report"];
  if (REDACTED.has(kind)) possible.push("redact");
  // Which of two is the original is not for a program to say.
  if (kind !== "duplicate") possible.push("quarantine");
  possible.push("off");
  return possible.map((value) => ({ value, label: WORDS[value] }));
}

export function isAction(value: unknown): value is Action {
  return typeof value === "string" && Object.hasOwn(WORDS, value);
}
