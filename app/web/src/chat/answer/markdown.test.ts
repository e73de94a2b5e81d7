import { expect, test } from "vitest";
import { decodeNamedCharacterReference } from "./entities";
import { treeOf } from "./markdown";

const types = (text: string) => treeOf(text).children.map(({ type }) => type);

test("HTML, definitions and indentation are words", () => {
  expect(types("<script>alert(1)</script>")).toEqual(["paragraph"]);
  expect(types("[1]: https://example.org")).toEqual(["paragraph"]);
  expect(types("    four blanks")).toEqual(["paragraph"]);
  expect(types("a line\n---")).not.toContain("heading");
});

test("tables and lists are read", () => {
  expect(types("Look:\n- a\n- b\n\n| a | b |\n|---|---|\n| 1 | 2 |")).toEqual(["paragraph", "list", "table"]);
});

test("what a document says of entities stays", () => {
  expect(treeOf("Fish &amp; chips").children[0]).toMatchObject({ children: [{ value: "Fish &amp; chips" }] });
  expect(treeOf("[a &copy; b](https://example.org)").children[0]).toMatchObject({ children: [{ children: [{ value: "a &copy; b" }] }] });
  expect(decodeNamedCharacterReference("amp")).toBe("&");
  expect(decodeNamedCharacterReference("constructor")).toBe(false);
});
