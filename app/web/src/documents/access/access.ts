import type { Schemas } from "@/api/client";
import { count } from "@/kit/numbers";

/** Who is to read something, as the API takes it. */
export type Access = Schemas["NewAccessBody"]["access"];
/** The same for a source, where nobody can be said too. */
export type SourceAccess = Schemas["AccessRuleBody"]["access"];

const EVERYONE = "g:everyone";

/** Return what a kept list of keys says. */
export function accessOf(keys: string[]): Access {
  return keys.includes(EVERYONE) ? "everyone" : keys;
}

/** Say a kept list of keys in words. */
export function accessInWords(keys: string[], names: Record<string, string> = {}): string {
  if (keys.includes(EVERYONE)) return "everyone";
  if (keys.length === 0) return "nobody";
  const known = keys.flatMap((key) => names[key] ?? []).toSorted((a, b) => a.localeCompare(b));
  if (known.length === 0) return count(keys.length, "person or group", "people or groups");
  const shown = known.slice(0, 2);
  const more = keys.length - shown.length;
  return more > 0 ? `${shown.join(", ")} and ${more} more` : shown.join(", ");
}
