import { expect, test } from "vitest";
import { changesOf, fieldsOf, isTag, tagsOf } from "./edited";

const KEPT = { _id: "q", text: "How?", documents: { "a.md": 2, "b.md": 1 }, tags: { department: "HR" }, withheld: true };

test("what was not touched is not given back, so that withheld words stay", () => {
  expect(changesOf(KEPT, fieldsOf(KEPT))).toEqual({});
  expect(changesOf(KEPT, { ...fieldsOf(KEPT), text: "Why?" })).toEqual({ text: "Why?" });
});

test("documents that stay keep their grade", () => {
  expect(changesOf(KEPT, { ...fieldsOf(KEPT), documents: ["a.md", "c.md"] })).toEqual({ documents: { "a.md": 2, "c.md": 1 } });
  const plain = { _id: "q", text: "How?", documents: ["a.md"] };
  expect(changesOf(plain, { ...fieldsOf(plain), documents: [] })).toEqual({ documents: [] });
});

test("an emptied text takes the answer away", () => {
  const kept = { _id: "q", text: "How?", answer: "So." };
  expect(changesOf(kept, { ...fieldsOf(kept), answer: "" })).toEqual({ answer: "" });
});

test("tags are a name and a value", () => {
  expect(tagsOf(["department: HR", "time: 10:30", "alone", ": x", "y:"])).toEqual({ department: "HR", time: "10:30" });
  expect(isTag("alone")).toBe(false);
});
