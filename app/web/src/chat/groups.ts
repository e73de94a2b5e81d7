interface Dated {
  updated_at: string;
}

const DAY_MS = 86_400_000;
const month = new Intl.DateTimeFormat("en", { month: "long", year: "numeric" });

/** Say in a word or two how long ago a day was, as people name it. */
export function periodOf(moment: Date, now: Date): string {
  const midnight = new Date(now.getFullYear(), now.getMonth(), now.getDate()).getTime();
  const at = moment.getTime();
  if (at >= midnight) return "Today";
  if (at >= midnight - DAY_MS) return "Yesterday";
  if (at >= midnight - 7 * DAY_MS) return "Last 7 days";
  if (at >= midnight - 30 * DAY_MS) return "Last 30 days";
  return month.format(moment);
}

/** Put what is listed, the newest first, into groups by when it was used last. */
export function byPeriod<T extends Dated>(listed: readonly T[], now = new Date()): [string, T[]][] {
  const groups = new Map<string, T[]>();
  for (const one of listed) {
    const period = periodOf(new Date(one.updated_at), now);
    groups.set(period, [...(groups.get(period) ?? []), one]);
  }
  return [...groups];
}
