import type { Schemas } from "@/api/client";

export type User = Schemas["UserBody"];

export const PASSWORD_RULES = "12 to 256 characters. Several words are easier to remember than signs, and as good.";

/** How somebody is called: the name as it is shown, with the one they sign in with where that is another. */
export function shownName({ name, display_name }: { name: string; display_name: string }): string {
  return display_name && display_name !== name ? `${display_name} (${name})` : name;
}

/** What somebody is, in words. */
export function kindOf({ kind, issuer }: Pick<User, "kind" | "issuer">): string {
  if (kind === "service") return "Service";
  return issuer ? "Person, by a provider" : "Person";
}
