import { expect, test } from "vitest";
import { claimsOn, verdictOf } from "./claims";

const ANSWER = {
  answer: "😀 Roses are watered daily. [1] Oaks get 30 litres. [1][2]",
  sentences: [
    { start: 0, end: 30, verdict: "supported" as const, citations: [1], missing: [] },
    { start: 31, end: 57, verdict: "partly" as const, citations: [1, 2], missing: ["30"] },
  ],
};

test("a source is told with the sentences that cite it, in code points and without their marks", () => {
  expect(claimsOn(ANSWER, 1).map(({ words }) => words)).toEqual(["😀 Roses are watered daily.", "Oaks get 30 litres."]);
  expect(claimsOn(ANSWER, 2)).toEqual([{ words: "Oaks get 30 litres.", verdict: "partly", missing: ["30"], shared: true }]);
  expect(claimsOn(ANSWER, 3)).toEqual([]);
});

test("a verdict says whose it is", () => {
  expect(verdictOf({ verdict: "supported", shared: false })).toBe("Borne out by this source");
  expect(verdictOf({ verdict: "unsupported", shared: true })).toBe("Not borne out by this source and the others that it cites");
});
