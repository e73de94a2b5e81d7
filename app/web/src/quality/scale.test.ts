import { expect, test } from "vitest";
import { scaled, ticksOf } from "./scale";

test("ticks are round and lie within the span", () => {
  expect(ticksOf([0, 1])).toEqual([0, 0.2, 0.4, 0.6, 0.8, 1]);
  expect(ticksOf([-0.3, 0.7])).toEqual([-0.2, 0, 0.2, 0.4, 0.6]);
  expect(ticksOf([0, 1300])).toEqual([0, 500, 1000]);
  expect(ticksOf([3, 3])).toEqual([3]);
});

test("values go where they belong, also when all are one", () => {
  expect(scaled([0, 1], [100, 300])(0.5)).toBe(200);
  expect(scaled([2, 2], [100, 300])(2)).toBe(100);
});
