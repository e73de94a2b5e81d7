// The API counts characters in Unicode code points; a JavaScript string counts UTF-16 units.

/** Return the part of a text between two offsets that count code points. */
export function sliced(text: string, start: number, end?: number): string {
  return text.slice(unitsAt(text, start), end === undefined ? undefined : unitsAt(text, end));
}

/** Return where the code point of a number begins, in UTF-16 units. */
export function unitsAt(text: string, point: number): number {
  let units = 0;
  for (let n = 0; n < point && units < text.length; n += 1) units += (text.codePointAt(units) ?? 0) > 0xffff ? 2 : 1;
  return units;
}
