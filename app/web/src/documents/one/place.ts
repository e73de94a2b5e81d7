/** A stretch of a document's text that somebody wants to see, in code points. */
export interface Place {
  start: number;
  end: number;
}

/** Read a place of the address; null where it says none. */
export function placeIn(given: Record<string, string | undefined>): Place | null {
  const start = Number(given["start"]);
  const end = Number(given["end"]);
  if (!given["start"] || !given["end"] || !Number.isInteger(start) || !Number.isInteger(end) || start < 0 || end <= start) return null;
  return { start, end };
}
