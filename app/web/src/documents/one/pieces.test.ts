import { expect, test } from "vitest";
import { pieces } from "./pieces";

test("a text is cut at the ends of its marks", () => {
  expect(pieces("abcdef", [{ start: 1, end: 3, mark: "x" }])).toEqual([
    { text: "a", marks: [] }, { text: "bc", marks: ["x"] }, { text: "def", marks: [] },
  ]);
});

test("marks may overlap and lie in one another, in any order", () => {
  expect(pieces("abcdef", [{ start: 2, end: 5, mark: "y" }, { start: 1, end: 3, mark: "x" }])).toEqual([
    { text: "a", marks: [] }, { text: "b", marks: ["x"] }, { text: "c", marks: ["x", "y"] }, { text: "de", marks: ["y"] }, { text: "f", marks: [] },
  ]);
});

test("places count characters, also those of two units, and an end behind the text is its end", () => {
  expect(pieces("😀😀ab", [{ start: 1, end: 3, mark: "x" }, { start: 3, end: 99, mark: "y" }])).toEqual([
    { text: "😀", marks: [] }, { text: "😀a", marks: ["x"] }, { text: "b", marks: ["y"] },
  ]);
});

test("a text without marks is one piece, and an empty one none", () => {
  expect(pieces("abc", [])).toEqual([{ text: "abc", marks: [] }]);
  expect(pieces("", [{ start: 0, end: 1, mark: "x" }])).toEqual([]);
});
