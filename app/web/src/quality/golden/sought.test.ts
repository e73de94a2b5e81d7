import { expect, test } from "vitest";
import { sought } from "./sought";

const QUESTIONS = [
  { _id: "a", text: "How many DAYS?", documents: ["leave.md"], tags: { department: "HR" } },
  { _id: "b", text: "Dogs?", draft: true, answerable: false },
  { _id: "c", text: "Secret?", withheld: true },
];
const ids = (...given: [Parameters<typeof sought>[1], string]) => sought(QUESTIONS, ...given).map(({ _id }) => _id);

test("questions are narrowed by what they are", () => {
  expect([ids("drafts", ""), ids("approved", ""), ids("withheld", ""), ids("unanswerable", "")]).toEqual([["b"], ["a", "c"], ["c"], ["b"]]);
});

test("words are looked for in questions, documents and tags", () => {
  expect([ids("all", "days"), ids("all", "LEAVE.md"), ids("all", "hr"), ids("drafts", "days")]).toEqual([["a"], ["a"], ["a"], []]);
});
