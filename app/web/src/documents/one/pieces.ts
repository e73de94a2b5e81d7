/** A stretch of text, in code points as the API counts them. */
export interface Span<Mark> {
  start: number;
  end: number;
  mark: Mark;
}

export interface Piece<Mark> {
  text: string;
  marks: Mark[];
}

/** Cut a text at the ends of spans; each piece knows the spans that it is in. One walk over the text, however many there are. */
export function pieces<Mark>(text: string, spans: Span<Mark>[]): Piece<Mark>[] {
  const points = [...new Set(spans.flatMap(({ start, end }) => [start, end]))].toSorted((a, b) => a - b);
  const opening = spans.toSorted((a, b) => a.start - b.start);
  const found: Piece<Mark>[] = [];
  let open: Span<Mark>[] = [];
  let at = 0; // in UTF-16 units
  let point = 0; // in code points
  for (const next of [...points, Number.POSITIVE_INFINITY]) {
    const begun = at;
    while (point < next && at < text.length) {
      at += (text.codePointAt(at) ?? 0) > 0xffff ? 2 : 1;
      point += 1;
    }
    if (at > begun) found.push({ text: text.slice(begun, at), marks: open.map(({ mark }) => mark) });
    open = open.filter(({ end }) => end > next);
    while (opening[0] && opening[0].start <= next) {
      const span = opening.shift();
      if (span && span.end > next) open.push(span);
    }
  }
  return found;
}
