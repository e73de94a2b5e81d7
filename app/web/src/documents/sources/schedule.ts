import type { Schemas } from "@/api/client";

export const SCHEDULES = [
  { value: "", label: "Only when somebody asks for it" },
  { value: "900", label: "Every 15 minutes" },
  { value: "3600", label: "Every hour" },
  { value: "21600", label: "Every 6 hours" },
  { value: "86400", label: "Every day" },
  { value: "604800", label: "Every week" },
];

/** Say how often a source is synced. */
export function scheduleInWords({ every_s, watch }: Pick<Schemas["SourceBody"], "every_s" | "watch">): string {
  const said = every_s === null ? [] : [everyInWords(every_s)];
  if (watch) said.push("soon after a change");
  return said.join(", and ") || "only when somebody asks for it";
}

const UNITS: [number, string][] = [[604_800, "week"], [86_400, "day"], [3_600, "hour"], [60, "minute"]];

/** Say a number of seconds as people do: "every 6 hours". */
export function everyInWords(s: number): string {
  const [length, unit] = UNITS.find(([one]) => s >= one && s % one === 0) ?? [1, "second"];
  const n = s / length;
  return n === 1 ? `every ${unit}` : `every ${n} ${unit}s`;
}

/** Return the choices of a schedule, with the one that is set if it is none of ours. */
export function schedulesWith(every_s: number | null): { value: string; label: string }[] {
  const value = every_s === null ? "" : String(every_s);
  if (every_s === null || SCHEDULES.some((one) => one.value === value)) return SCHEDULES;
  const label = everyInWords(every_s).replace(/^e/, "E");
  return [...SCHEDULES, { value, label }];
}
