import { expect, test } from "vitest";
import { byPeriod, periodOf } from "./groups";

const NOW = new Date(2026, 10, 29, 9, 30); // the 29th of November, in the morning

test.each([
  [new Date(2026, 10, 29, 0, 0), "Today"],
  [new Date(2026, 10, 28, 23, 59), "Yesterday"],
  [new Date(2026, 10, 22, 12, 0), "Last 7 days"],
  [new Date(2026, 10, 1, 12, 0), "Last 30 days"],
  [new Date(2026, 8, 3, 12, 0), "September 2026"],
])("%s is %s", (moment, period) => {
  expect(periodOf(moment, NOW)).toBe(period);
});

test("groups keep the order of what they hold", () => {
  const listed = [{ id: 1, updated_at: NOW.toISOString() }, { id: 2, updated_at: NOW.toISOString() }, { id: 3, updated_at: "2026-09-03T12:00:00Z" }];
  expect(byPeriod(listed, NOW).map(([period, ones]) => [period, ones.map(({ id }) => id)])).toEqual([["Today", [1, 2]], ["September 2026", [3]]]);
});
