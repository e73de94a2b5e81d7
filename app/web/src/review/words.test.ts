import { expect, test } from "vitest";
import { asList, askedWords, daysAgo, nearness, ofGroup, reasonWords, similarityWords } from "./words";

const NEAR = { document_id: "d", chunk_id: "c", title: "Kitchen", uri: "upload:k", collection: "default", score: 1, similarity: 0.3 };

test("a share of a group is said in questions", () => {
  expect(ofGroup(2 / 3, 3)).toBe("2 of 3");
  expect(ofGroup(1, 3)).toBe("");
  expect(ofGroup(0, 3)).toBe("");
});

test("who asked how often is said in words", () => {
  expect(askedWords({ count: 1, askers: 1 })).toBe("Asked once");
  expect(askedWords({ count: 3, askers: 1 })).toBe("Asked 3 times by 1 person");
});

test("some days ago is the same moment all day", () => {
  expect(daysAgo("7", new Date("2026-03-09T23:10:00Z"))).toBe("2026-03-02T00:00:00.000Z");
  expect(daysAgo(undefined)).toBeUndefined();
  expect(daysAgo("soon")).toBeUndefined();
  expect(daysAgo("99999")).toBeUndefined();
});

test.each([[0.02, "Nothing close"], [0.2, "Something near"], [0.4, "Something very near, and not enough"]])("nearness of %d", (confidence, words) => {
  expect(nearness({ answered_now: false, confidence, nearest: [NEAR] })).toBe(words);
});

test("similarity is said in words", () => {
  expect([null, 0.03, 0.46, 0.7].map(similarityWords)).toEqual([
    "it shares words, and little of the meaning",
    "about something else (similarity 0.03 of 1)",
    "related (similarity 0.46 of 1)",
    "about the same (similarity 0.70 of 1)",
  ]);
});

test("gaps are copied with where to write", () => {
  const gap = { title: "Who repairs\nit?", count: 2, askers: 2, nearest: [NEAR], answered_now: false, confidence: 0 };
  expect(asList([gap])).toBe("- Who repairs it? (asked 2 times by 2 people)\n  Nothing close: Kitchen\n");
});

test("a reason that the page does not know is shown as it is", () => {
  expect(reasonWords("wrong_source")).toBe("Wrong source");
  expect(reasonWords("too_long")).toBe("too long");
});
