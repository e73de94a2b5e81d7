/** What the log is narrowed to, as it stands in the address. */
export interface Wanted {
  actor?: string | undefined;
  action?: string | undefined;
  object?: string | undefined;
  from?: string | undefined;
  until?: string | undefined;
}

const DAY = /^\d{4}-\d{2}-\d{2}$/;

/** A day of the reader's own time zone as the moment it begins, some days on; undefined for what is no day. */
export function beginningOf(day: string | undefined, later = 0): string | undefined {
  if (day === undefined || !DAY.test(day)) return undefined;
  const [year = 0, month = 1, date = 1] = day.split("-").map(Number);
  const moment = new Date(year, month - 1, date + later);
  return Number.isNaN(moment.getTime()) ? undefined : moment.toISOString();
}

/** The same as the API takes it; the last day counts whole. */
export function asked({ actor, action, object, from, until }: Wanted) {
  return {
    actor: actor || undefined,
    action: action || undefined,
    object: object?.trim() || undefined,
    since: beginningOf(from),
    until: beginningOf(until, 1),
  };
}
