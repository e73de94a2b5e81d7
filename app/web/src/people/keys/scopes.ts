import type { Schemas } from "@/api/client";

export type Scope = Schemas["KeyBody"]["scopes"][number];

export const SCOPES: Record<Scope, { label: string; description: string }> = {
  ask: { label: "Ask", description: "Ask, search, and open documents and conversations." },
  curate: { label: "Curate", description: "Look after documents where its user is a curator." },
  administer: { label: "Administer", description: "Administer, when its user is an administrator." },
};

const ALL: Scope[] = ["ask", "curate", "administer"];

/** The scopes among some words, in their order. */
export function scopesOf(words: readonly string[]): Scope[] {
  return ALL.filter((scope) => words.includes(scope));
}

export const EXPIRIES = [
  { value: "7", label: "In 7 days" },
  { value: "30", label: "In 30 days" },
  { value: "90", label: "In 90 days" },
  { value: "365", label: "In a year" },
  { value: "", label: "Never" },
];
