import { expect, test } from "vitest";
import { asMarkdown, doubtWords, safeAddress, whereOf, withoutMarks } from "./words";

test.each([
  ["https://example.org/a", true], ["HTTP://example.org", true], ["mailto:ada@example.org", true],
  ["javascript:alert(1)", false], ["data:text/html,x", false], ["//example.org", false], ["/v1/session", false], [" javascript:alert(1)", false],
])("a link leads only where readers can be sent (%s)", (address, safe) => {
  expect(safeAddress(address)).toBe(safe ? address : "");
});

test("a place names each heading once", () => {
  expect(whereOf({ title: "Leave", section: ["Leave", "Carrying over"], page: 3 })).toBe("Leave > Carrying over, page 3");
  expect(whereOf({ title: "Leave", section: [], page: null })).toBe("Leave");
});

test("an answer is copied with its sources", () => {
  const quote = {
    number: 1, document_id: "", revision_id: "", chunk_id: "", title: "Leave", uri: "", section: [], page: null, box: null, start: 0, end: 3,
    quote: "27\ndays", suspect: false, masked: false,
  };
  const copied = asMarkdown({ answer: "27 days. [1]", abstained: false, citations: [quote], nearest: [] });
  expect(copied).toBe("27 days. [1]\n\nSources:\n\n1. Leave\n   > 27\n   > days\n");
});

test("a correction begins without marks", () => {
  expect(withoutMarks("27 days. [1] And more [2][3].")).toBe("27 days. And more.");
});

test("a doubt says what is missing", () => {
  expect(doubtWords("partly", "27")).toBe("only partly borne out by its sources: they lack 27");
  expect(doubtWords("unsupported", "")).toBe("not borne out by its sources");
});
