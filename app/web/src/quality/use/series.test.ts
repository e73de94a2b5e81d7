import { expect, test } from "vitest";
import { alarmOf, beginning, DAY, inWords, thinned, together } from "./series";

function points(...values: (number | null)[]) {
  return values.map((value, n) => ({ name: "x", at: new Date(n * 1000).toISOString(), value, details: {} }));
}

test("a long series is thinned out to means, and what is unknown stays so", () => {
  expect(thinned(points(1, 3, null, null, 5), 3)).toEqual([{ at: 1000, value: 2 }, { at: 3000, value: null }, { at: 4000, value: 5 }]);
  expect(thinned(points(1, 2), 3).map(({ value }) => value)).toEqual([1, 2]);
});

test("series of different moments stand on one line of time", () => {
  expect(together({ a: [{ at: 1, value: 5 }, { at: 3, value: 6 }], b: [{ at: 2, value: 7 }, { at: 3, value: null }] })).toEqual([
    { at: 1, a: 5 }, { at: 2, b: 7 }, { at: 3, a: 6, b: null },
  ]);
});

const write = (value: number) => `${value} ms`;

test("a series is told in a sentence", () => {
  expect(inWords("Time", thinned(points(4, null, 2)), write)).toBe("Time: 2 ms at the newest of 2 observations, between 2 ms and 4 ms.");
  expect(inWords("Time", [], write)).toBe("Time: nothing is known in this time.");
});

test("the axis begins where the points do, and no earlier than was asked for", () => {
  const now = 100 * DAY;
  expect(beginning([80 * DAY, 90 * DAY], now, 30)).toBe(79 * DAY);
  expect(beginning([60 * DAY, 90 * DAY], now, 30)).toBe(70 * DAY);
  expect(beginning([], now, 30)).toBe(70 * DAY);
});

test("an alarm is what the server says, and nothing else", () => {
  const point = { name: "drift.length", at: "", value: 0.2, details: { alarm: true, p_value: 0.006, window: 112, reference: 500 } };
  expect(alarmOf(point)).toEqual({ alarm: true, p: 0.006, compared: "the newest 112 questions with 500 before" });
  expect(alarmOf({ ...point, details: { alarm: "yes" } })).toEqual({ alarm: false, p: null, compared: "" });
});
