import { expect, test } from "vitest";
import { choicesOf, EVERYWHERE, read, written } from "./scope";

test.each([EVERYWHERE, { collection: "a:b", assistant: null }, { collection: null, assistant: "7" }])("a choice is read as it was written (%o)", (scope) => {
  expect(read(written(scope))).toEqual(scope);
});

test("where there is but one collection there is nothing to choose", () => {
  expect(choicesOf(["default"], [])).toEqual([]);
});

test("collections and assistants stand in groups of their own", () => {
  expect(choicesOf(["a", "b"], [{ id: "7", name: "People" }])).toEqual([
    { value: "", label: "All documents" },
    { group: "Collections", items: [{ value: "collection:a", label: "a" }, { value: "collection:b", label: "b" }] },
    { group: "Assistants", items: [{ value: "assistant:7", label: "People" }] },
  ]);
});
