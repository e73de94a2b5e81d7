import { expect, test } from "vitest";
import { kindInWords, rungsInWords } from "./words";

test("kinds of questions are said in words, and unknown ones as they are", () => {
  expect(kindInWords("words=10+")).toBe("Questions of 10 words and more");
  expect(kindInWords("readers=some")).toBe("Answers that some may read");
  expect(kindInWords("signal=copied")).toBe("Citations that were copied");
  expect(kindInWords("collection=a=b")).toBe("collection=a=b");
});

test("no rung asked for is all that are open", () => {
  expect(rungsInWords([])).toBe("All that are open");
  expect(rungsInWords(["memory", "fusion"])).toBe("Memory, Fusion");
});
