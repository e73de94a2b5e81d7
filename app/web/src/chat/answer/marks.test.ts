import { expect, test } from "vitest";
import { aligned, cut, doubtsOf, type Doubt, type Piece } from "./marks";

const doubt = (start: number, end: number): Doubt => ({ start, end, verdict: "unsupported", missing: "27" });
const plain = (text: string, doubts: Doubt[] = [], numbers = [1]) => cut(text, aligned(text, text, 0), doubts, new Set(numbers));
const shape = (pieces: Piece[]) => pieces.map((piece) => ("number" in piece ? piece.number : `${piece.doubt ? "?" : ""}${piece.text}${piece.last ? "." : ""}`));

test("marks of sources become pieces of their own; a number that is no source stays text", () => {
  expect(shape(plain("Yes [1][2], see [3].", [], [1, 2]))).toEqual(["Yes ", 1, 2, ", see [3]."]);
});

test("a doubted sentence is marked from end to end, also around a mark", () => {
  // "It is 27 [1] days." begins at 5 and ends at 23.
  expect(shape(plain("Yes. It is 27 [1] days. No.", [doubt(5, 23)]))).toEqual(["Yes. ", "?It is 27 ", 1, "? days..", " No."]);
});

test("offsets of the API count code points", () => {
  const sentences = [{ start: 2, end: 5, verdict: "partly" as const, citations: [], missing: ["27", "Ada"] }];
  // The face is two units: the sentence begins behind it and a space, at the unit 3.
  expect(doubtsOf("😀 abc", sentences)).toEqual([{ start: 3, end: 6, verdict: "partly", missing: "27, Ada" }]);
  expect(doubtsOf("abc", [{ start: 0, end: 3, verdict: "supported", citations: [], missing: [] }])).toEqual([]);
});

test("escapes are longer in the source than in what is read", () => {
  expect(aligned("a*b", "a\\*b", 10)).toEqual([10, 12, 13]);
});
