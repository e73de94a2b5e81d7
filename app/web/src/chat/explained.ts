import { signed } from "@/kit/numbers";

const NAMES: Record<string, string> = {
  memory: "past questions like it",
  query_adapter: "what questions mean here",
  fusion: "weights of both lists",
};

/** A score with three digits; a dash where none was given. */
export function score(given: number | null | undefined): string {
  return given === null || given === undefined ? "-" : given.toFixed(3);
}

/** What learning added, the greatest first, in words; without what added nothing. */
export function contributionsOf(contributions: Record<string, number>): [string, string][] {
  return Object.entries(contributions)
    .filter(([, share]) => Math.abs(share) >= 0.000_5)
    .toSorted(([, a], [, b]) => Math.abs(b) - Math.abs(a))
    .map(([name, share]) => [NAMES[name] ?? name.replaceAll("_", " "), signed(share)]);
}
