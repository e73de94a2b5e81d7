import { expect, test } from "vitest";
import { evidenceShare, trialFigure } from "./trial";

test("evidence multiplies: the square root of what decides is half of the way", () => {
  expect(evidenceShare(Math.sqrt(20), 20)).toBeCloseTo(0.5);
  expect(evidenceShare(0.4, 20)).toBe(0);
  expect(evidenceShare(1e9, 20)).toBe(1);
});

test("a figure is said in words where they are known", () => {
  expect(trialFigure("overlap", 0.825)).toMatchObject({ label: "Shown by both", value: "83 %" });
  expect(trialFigure("some_figure", 1.23456)).toMatchObject({ label: "some figure", value: "1.235" });
  expect(trialFigure("times", [1, 2])).toBeNull();
});
