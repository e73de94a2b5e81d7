import { expect, test } from "vitest";
import { IN_PARTS_BYTES, isRubbish, keptName, nextBatch, sharedOut } from "./batches";

const small = (name: string) => ({ name, size: 10 });

test("small files go together, a large one alone", () => {
  const large = { name: "large", size: IN_PARTS_BYTES + 1 };
  expect(nextBatch([small("a"), small("b"), large])).toBe(2);
  expect(nextBatch([large, small("a")])).toBe(1);
});

test("two files of one name do not go together: the server would refuse the second", () => {
  expect(nextBatch([small("a"), small("b"), small("a")])).toBe(2);
});

test("a request holds 200 files, and 32 MiB", () => {
  expect(nextBatch(Array.from({ length: 500 }, (_, n) => small(`f${n}`)))).toBe(200);
  // 3 * 12 MiB = 36 MiB are too much, 24 are not.
  expect(nextBatch(["a", "b", "c"].map((name) => ({ name, size: 12 * 2 ** 20 })))).toBe(2);
});

test("what was sent counts for the files in their order", () => {
  // Half of 10 + 10 + 20 is 20: the first two are whole, the third is not begun.
  expect(sharedOut(0.5, [10, 10, 20])).toEqual([10, 10, 0]);
  expect(sharedOut(1, [10, 0, 20])).toEqual([10, 0, 20]);
  expect(sharedOut(0, [10])).toEqual([0]);
});

test("files of folders keep their path in their name, rubbish is left out", () => {
  expect(keptName("hr/2026/leave.md")).toBe("hr - 2026 - leave.md");
  expect(["a/.git/config", "a/~$plan.docx", "Thumbs.db", "a/plan.docx"].map(isRubbish)).toEqual([true, true, true, false]);
});
