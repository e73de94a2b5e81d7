type Ends = [number, number];

/** Make a function that puts a value of one span into another. */
export function scaled([low, high]: Ends, [from, to]: Ends): (value: number) => number {
  return (value) => Math.round((from + ((value - low) / (high - low || 1)) * (to - from)) * 10) / 10;
}

/** Return round numbers inside a span: steps of 1, 2 or 5 times a power of ten, at most six of them. */
export function ticksOf([low, high]: Ends): number[] {
  const width = high - low;
  if (!(width > 0)) return [low];
  const power = 10 ** Math.floor(Math.log10(width / 5));
  const step = [1, 2, 5, 10].map((times) => times * power).find((size) => width / size <= 5.001) ?? 10 * power;
  const first = Math.ceil(low / step - 1e-9);
  const last = Math.floor(high / step + 1e-9);
  return Array.from({ length: last - first + 1 }, (_, n) => Number(((first + n) * step).toPrecision(12)));
}
