import { expect, test } from "vitest";
import { metadataOf, metadataProblem, pairsOf } from "./metadata";

test("metadata survives the form", () => {
  const metadata = { department: "legal", year: "2026" };
  expect(metadataOf(pairsOf(metadata))).toEqual(metadata);
});

test("what the server would refuse is said before", () => {
  expect(metadataProblem([{ name: "department", value: "legal" }, { name: "", value: "" }])).toBeNull();
  expect(metadataProblem([{ name: "two words", value: "x" }])).toContain("two words");
  expect(metadataProblem([{ name: "a", value: "1" }, { name: "a", value: "2" }])).toContain("twice");
  expect(metadataProblem([{ name: " ", value: "x" }])).toContain("needs a name");
  expect(metadataProblem(Array.from({ length: 33 }, (_, n) => ({ name: `n${n}`, value: "" })))).toContain("32");
});
