import { expect, test } from "vitest";
import { agreementWords, gradeOf, kappaBetween, kappaFigure, kappaWords, nextWithout } from "./grades";

test("keys are grades", () => {
  expect([gradeOf("0"), gradeOf("2"), gradeOf("3"), gradeOf("a")]).toEqual([0, 2, null, null]);
});

test("the next passage without a grade is looked for from the start again", () => {
  expect(nextWithout(["a", "b", "c"], {}, null)).toBe("a");
  expect(nextWithout(["a", "b", "c"], { c: 1 }, "b")).toBe("a");
  expect(nextWithout(["a", "b"], { a: 0, b: 2 }, "a")).toBeNull();
});

test("kappa in words", () => {
  expect([-0.1, 0.2, 0.41, 0.71, 0.95].map(kappaWords)).toEqual([
    "less agreement than by chance", "slight agreement", "moderate agreement", "substantial agreement", "almost perfect agreement",
  ]);
});

test("agreement is told only where enough was graded twice", () => {
  const kappa = { value: 0.71, low: 0.55, high: 0.83 };
  expect(agreementWords({ pairs: 19, same: 0.9, kappa })).toBe("19 passages were graded by two people: too few to tell, it takes 20. 90 % of the grades are the same.");
  expect(agreementWords({ pairs: 20, same: 0.9, kappa })).toBe("Substantial agreement (kappa 0.71, within 0.55 to 0.83). 90 % of the grades are the same.");
  expect(agreementWords({ pairs: 20, same: 1, kappa: { value: null, low: null, high: null } })).toContain("cannot be told");
  expect(agreementWords({ pairs: 0, same: null, kappa: { value: null, low: null, high: null } })).toContain("No passage");
});

test("kappa as a figure with its interval", () => {
  const kappa = { value: 0.712, low: 0.55, high: 0.834 };
  expect([kappaFigure(kappa), kappaBetween(kappa)]).toEqual(["0.71", "0.55 to 0.83"]);
  const unknown = { value: null, low: null, high: null };
  expect([kappaFigure(unknown), kappaBetween(unknown)]).toEqual(["not known", ""]);
});
