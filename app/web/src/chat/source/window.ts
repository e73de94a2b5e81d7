import { unitsAt } from "@/api/codePoints";

export interface Around {
  before: string;
  marked: string;
  after: string;
  /** Whether the text goes on in that direction. */
  more: { above: boolean; below: boolean };
}

const SNAP = 400; // how far a line may be followed to where it begins or ends

/**
 * Return the characters from `start` to `end` of a text with what stands around them: about `above` and `below` units of it,
 * cut where a line begins or ends. Offsets count code points; a document of millions of characters stays a short page.
 */
export function windowed(text: string, start: number, end: number, above: number, below: number): Around {
  const from = unitsAt(text, start);
  const to = from + unitsAt(text.slice(from), end - start);
  const top = from > above ? lineAfter(text, from - above, from) : 0;
  const bottom = to + below < text.length ? lineBefore(text, to + below, to) : text.length;
  return {
    before: text.slice(top, from),
    marked: text.slice(from, to),
    after: text.slice(to, bottom),
    more: { above: top > 0, below: bottom < text.length },
  };
}

function lineAfter(text: string, at: number, limit: number): number {
  const line = text.slice(at, Math.min(at + SNAP, limit)).indexOf("\n");
  return line < 0 ? whole(text, at) : at + line + 1;
}

function lineBefore(text: string, at: number, limit: number): number {
  const begin = Math.max(at - SNAP, limit);
  const line = text.slice(begin, at).lastIndexOf("\n");
  return line < 0 ? whole(text, at) : begin + line;
}

// A character of two units is not cut in two.
function whole(text: string, at: number): number {
  return (text.codePointAt(at - 1) ?? 0) > 0xffff ? at + 1 : at;
}
