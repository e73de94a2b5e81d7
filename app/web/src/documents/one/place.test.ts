import { expect, test } from "vitest";
import { placeIn } from "./place";

test("a place is two whole numbers, the second the larger", () => {
  expect(placeIn({ start: "3", end: "7" })).toEqual({ start: 3, end: 7 });
  for (const wrong of [{}, { start: "3" }, { start: "7", end: "3" }, { start: "x", end: "9" }, { start: "-1", end: "9" }, { start: "1.5", end: "9" }])
    expect(placeIn(wrong)).toBeNull();
});
