import { expect, test } from "vitest";
import { pixelsFor, placed } from "./picture";

test("a picture is as wide as its pixels on the screen, in steps and within what the server draws", () => {
  expect(pixelsFor(480, 1, 2)).toBe(1_000);
  expect(pixelsFor(480, 3, 2)).toBe(2_000);
  expect(pixelsFor(0, 1, 1)).toBe(200);
});

test("a box is placed in parts of its page, however large that is shown", () => {
  const box = { left: 61.2, top: 79.2, right: 306, bottom: 158.4 };
  expect(placed(box, { width_pt: 612, height_pt: 792 })).toEqual({ left: "10%", top: "10%", width: "40%", height: "10%" });
});
