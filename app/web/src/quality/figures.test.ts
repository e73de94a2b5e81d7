import { expect, test } from "vitest";
import { between, changeShown, isShare, shown, titleOf } from "./figures";

test("shares have three digits, times are in ms, and what was not measured says so", () => {
  expect(shown(0.83333, "evidence_hit@3")).toBe("0.833");
  expect(shown(12.34, "p50_ms")).toBe("12.3 ms");
  expect(shown(1234.5, "p95_ms")).toBe("1235 ms");
  expect(shown(null, "cost")).toBe("not measured");
  expect(shown(2, "citations_shown")).toBe("2");
  expect(isShare("prompt_tokens")).toBe(false);
});

test("a change has its sign, and none when there is none", () => {
  expect(changeShown(0.1, "ndcg@10")).toBe("+0.100");
  expect(changeShown(-0.1, "ndcg@10")).toBe("-0.100");
  expect(changeShown(0, "ndcg@10")).toBe("0.000");
});

test("a half-known interval is none", () => {
  expect(between({ low: 0.1, high: 0.2 }, "ndcg@10")).toBe("0.100 to 0.200");
  expect(between({ low: null, high: 0.2 }, "ndcg@10")).toBe("");
});

test("times are named by what they are of", () => {
  expect(titleOf("retrieve_p95_ms")).toBe("95 % of searches were faster");
  expect(titleOf("p50_ms")).toBe("50 % of questions were faster");
  expect(titleOf("something_new")).toBe("something new");
});
