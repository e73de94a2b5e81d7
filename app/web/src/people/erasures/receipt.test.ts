import { expect, test } from "vitest";
import { backups, erased, left, notes, usedBy } from "./receipt";

const RECEIPT = {
  erased: { chunks: 3, approved_answers: 0, golden_questions: 1 },
  used_by: { golden_sets: ["handbook"], adapters: [] },
  scan: { ids: 1, left: { "questions.text": 2 } },
  source: { id: "s1", words: "takes it in again" },
  not_reached: { backups: [{ at: "2026-01-01", file: "a.tar", sha256: "x" }] },
};

test("a receipt is told in words, without what there was none of", () => {
  expect(erased(RECEIPT)).toEqual([{ name: "chunks", value: "3" }, { name: "golden questions", value: "1" }]);
  expect(usedBy(RECEIPT)).toEqual([{ name: "golden sets", value: "handbook" }]);
  expect(left(RECEIPT)).toEqual([{ name: "questions.text", value: "2" }]);
  expect(backups(RECEIPT)).toEqual([{ name: "a.tar", value: "2026-01-01" }]);
  expect(notes(RECEIPT)).toEqual(["Its source s1 takes it in again."]);
});

test("a receipt that was just begun says that nobody looked yet", () => {
  expect(left({})).toBeNull();
  expect(left({ scan: { left: {} } })).toEqual([]);
  expect([erased({}), usedBy({ used_by: null }), backups({ not_reached: "x" }), notes({})]).toEqual([[], [], [], []]);
});
