import { expect, test } from "vitest";
import { merged, questionsOf } from "./lines";

test("each line is a question, empty ones and a byte order mark are passed over", () => {
  const { questions, faults } = questionsOf('\uFEFF{"_id": "a", "text": "How?", "department": "HR"}\r\n\r\n{"_id": "b", "text": "When?"}\n');
  expect(faults).toEqual([]);
  expect(questions.map(({ _id }) => _id)).toEqual(["a", "b"]);
});

test("what is no question is named by its line", () => {
  const { faults } = questionsOf('{"_id": "a", "text": "How?"}\nnothing\n{"text": "no id"}\n[1]\n{"_id": "a", "text": "again"}');
  expect(faults).toEqual([
    "Line 2 is not JSON",
    'Line 3 is no question: it needs an "_id" and a "text"',
    'Line 4 is no question: it needs an "_id" and a "text"',
    "Line 5 has the id of line 1: a",
  ]);
});

test("of many faults the first five are told", () => {
  expect(questionsOf("x\n".repeat(1000)).faults).toHaveLength(5);
});

test("a question of the same id takes the place of the one there", () => {
  const before = [{ _id: "a", text: "1" }, { _id: "b", text: "2" }];
  expect(merged(before, [{ _id: "c", text: "3" }, { _id: "a", text: "4" }])).toEqual([
    { _id: "a", text: "4" }, { _id: "b", text: "2" }, { _id: "c", text: "3" },
  ]);
});
