const whole = new Intl.NumberFormat("en");

export function count(n: number, one: string, many = `${one}s`): string {
  return `${whole.format(n)} ${n === 1 ? one : many}`;
}

export function grouped(n: number): string {
  return whole.format(n);
}

export function bytes(n: number): string {
  const units = ["B", "kB", "MB", "GB", "TB"];
  let step = 0;
  let size = n;
  while (size >= 1000 && step < units.length - 1) {
    size /= 1000;
    step += 1;
  }
  return `${size >= 10 || step === 0 ? Math.round(size) : size.toFixed(1)} ${units[step]}`;
}

export function seconds(s: number): string {
  if (s < 10) return `${s.toFixed(1)} s`;
  const rounded = Math.round(s);
  if (rounded < 60) return `${rounded} s`;
  if (rounded < 3600) return `${Math.floor(rounded / 60)} min ${rounded % 60} s`;
  const minutes = Math.round(s / 60);
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

export function percent(share: number, digits = 0): string {
  return `${(100 * share).toFixed(digits)} %`;
}

/** A difference with its sign, such as +.012. */
export function signed(n: number, digits = 3): string {
  return `${n >= 0 ? "+" : "-"}${Math.abs(n).toFixed(digits)}`;
}
