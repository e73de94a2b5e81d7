// What an answer's Markdown gets besides: marks [n] that open sources, and sentences that their sources do not bear out.
import { unitsAt } from "@/api/codePoints";
import type { Sentence } from "../attempt";

/** A doubted sentence; its offsets count UTF-16 units of the answer's source. */
export interface Doubt {
  readonly start: number;
  readonly end: number;
  readonly verdict: "partly" | "unsupported";
  readonly missing: string;
}

export type Piece = { text: string; doubt: Doubt | null; last: boolean } | { number: number };

/** Return the sentences of an answer that are not borne out, in order. */
export function doubtsOf(text: string, sentences: readonly Sentence[]): Doubt[] {
  return sentences.flatMap(({ start, end, verdict, missing }) =>
    verdict === "supported" ? [] : [{ start: unitsAt(text, start), end: unitsAt(text, end), verdict, missing: missing.join(", ") }],
  );
}

/** Cut a text into words, marks and parts of doubted sentences. `offsets[n]` is where unit n stands in the source. */
export function cut(text: string, offsets: readonly number[], doubts: readonly Doubt[], numbers: ReadonlySet<number>): Piece[] {
  const pieces: Piece[] = [];
  const words = (from: number, to: number) => {
    let n = from;
    while (n < to) {
      const place = offsets[n] ?? 0;
      const doubt = doubts.find(({ start, end }) => start <= place && place < end) ?? null;
      let end = n + 1;
      while (end < to && (doubts.find((one) => one.start <= (offsets[end] ?? 0) && (offsets[end] ?? 0) < one.end) ?? null) === doubt) end += 1;
      pieces.push({ text: text.slice(n, end), doubt, last: doubt !== null && (offsets[end - 1] ?? 0) + 1 >= doubt.end });
      n = end;
    }
  };
  let told = 0;
  for (const found of text.matchAll(/\[(\d{1,3})\]/g)) {
    if (!numbers.has(Number(found[1]))) continue;
    words(told, found.index);
    pieces.push({ number: Number(found[1]) });
    told = found.index + found[0].length;
  }
  words(told, text.length);
  return pieces;
}

/** Return for each unit of a text where it stands in the source that it was read from: escapes are longer there. */
export function aligned(text: string, source: string, start: number): number[] {
  const offsets: number[] = [];
  let at = 0;
  for (let n = 0; n < text.length; n += 1) {
    if (source[at] === "\\" && source[at + 1] === text[n] && text[n] !== "\\") at += 1;
    offsets.push(start + Math.min(at, source.length));
    at += 1;
  }
  return offsets;
}
