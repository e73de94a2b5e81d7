import { expect, test } from "vitest";
import { sliced, unitsAt } from "./codePoints";

test("offsets count code points, also behind characters of two units", () => {
  // "a" is one unit, each face two: the code points 0..5 begin at the units 0, 1, 3, 4, 6, 7.
  expect(sliced("a😀b😀c", 1, 3)).toBe("😀b");
  expect(sliced("a😀b😀c", 3)).toBe("😀c");
  expect(unitsAt("a😀b😀c", 4)).toBe(6);
});

test("an offset behind the end is the end", () => {
  expect(sliced("abc", 2, 99)).toBe("c");
});
