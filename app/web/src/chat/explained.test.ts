import { expect, test } from "vitest";
import { contributionsOf, score } from "./explained";

test("what learning added stands with its sign, the greatest first", () => {
  expect(contributionsOf({ memory: 0.01, query_adapter: -0.2, fusion: 0 })).toEqual([["what questions mean here", "-0.200"], ["past questions like it", "+0.010"]]);
});

test("no score is a dash, and a score of 0 is none", () => {
  expect([score(null), score(0)]).toEqual(["-", "0.000"]);
});
