import { expect, test } from "vitest";
import { changes } from "./changes";

test("a version tells what was added, approved, changed and taken out", () => {
  const before = [
    { _id: "same", text: "Same?" }, { _id: "gone", text: "Gone?" }, { _id: "draft", text: "Draft?", draft: true },
    { _id: "edited", text: "Edited?", documents: ["a.md"] },
  ];
  const after = [
    { _id: "same", text: "Same?" }, { _id: "draft", text: "Better?", answer: "Yes." },
    { _id: "edited", text: "Edited?", documents: ["a.md", "b.md"] }, { _id: "new", text: "New?" },
  ];
  expect(changes(before, after)).toEqual([
    { id: "draft", text: "Better?", what: "approved", fields: ["text", "answer"] },
    { id: "edited", text: "Edited?", what: "changed", fields: ["documents"] },
    { id: "new", text: "New?", what: "added", fields: [] },
    { id: "gone", text: "Gone?", what: "taken out", fields: [] },
  ]);
});

test("the same version changed nothing", () => {
  expect(changes([{ _id: "a", text: "?" }], [{ _id: "a", text: "?", draft: false }])).toEqual([]);
});
