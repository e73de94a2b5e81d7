import type { Schemas } from "@/api/client";

type Point = Schemas["PointBody"];

export interface Drawn {
  at: number;
  value: number | null;
}

const MOST = 240;
export const DAY = 86_400_000; // in ms

/** Thin a long series out to at most 240 points, each the mean of its neighbours; what nobody knows stays unknown. */
export function thinned(points: Point[], most = MOST): Drawn[] {
  const each = Math.ceil(points.length / most);
  if (each <= 1) return points.map(({ at, value }) => ({ at: Date.parse(at), value }));
  const found: Drawn[] = [];
  for (let n = 0; n < points.length; n += each) {
    const part = points.slice(n, n + each);
    const known = part.flatMap(({ value }) => (value === null ? [] : [value]));
    const last = part.at(-1);
    if (last) found.push({ at: Date.parse(last.at), value: known.length > 0 ? known.reduce((sum, value) => sum + value, 0) / known.length : null });
  }
  return found;
}

/** Put several series on one line of time: a point for every moment that one of them has. */
export function together(series: Record<string, Drawn[]>): Record<string, number | null>[] {
  const moments = new Map<number, Record<string, number | null>>();
  for (const [name, points] of Object.entries(series)) {
    for (const { at, value } of points) moments.set(at, { ...(moments.get(at) ?? { at }), [name]: value });
  }
  return [...moments.entries()].toSorted(([a], [b]) => a - b).map(([, values]) => values);
}

/** Return where the axis begins: so many days ago, or a little before the first point where nothing is older. */
export function beginning(moments: number[], now: number, days: number): number {
  const since = now - days * DAY;
  const first = Math.min(...moments);
  return first > since && first < now ? Math.max(since, first - (now - first) / 20) : since;
}

/** Say a series in a sentence: the newest value, and the least and the most of it. */
export function inWords(title: string, points: Drawn[], write: (value: number) => string): string {
  const known = points.flatMap(({ value }) => (value === null ? [] : [value]));
  const last = known.at(-1);
  if (last === undefined) return `${title}: nothing is known in this time.`;
  if (known.length === 1) return `${title}: ${write(last)}.`;
  return `${title}: ${write(last)} at the newest of ${known.length} observations, between ${write(Math.min(...known))} and ${write(Math.max(...known))}.`;
}

export interface Alarm {
  alarm: boolean;
  p: number | null;
  compared: string;
}

/** Read what stands behind a drift figure. */
export function alarmOf({ details }: Point): Alarm {
  const p = details["p_value"];
  const [window, reference] = [details["window"], details["reference"]];
  return {
    alarm: details["alarm"] === true,
    p: typeof p === "number" ? p : null,
    compared: typeof window === "number" && typeof reference === "number" ? `the newest ${window} questions with ${reference} before` : "",
  };
}
