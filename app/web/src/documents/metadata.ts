export interface Pair {
  name: string;
  value: string;
}

const MOST = 32;

/** Return metadata as the pairs of a form. */
export function pairsOf(metadata: Record<string, string>): Pair[] {
  return Object.entries(metadata).map(([name, value]) => ({ name, value }));
}

/** Return what the pairs of a form say; those without a name say nothing. */
export function metadataOf(pairs: Pair[]): Record<string, string> {
  return Object.fromEntries(pairs.filter(({ name }) => name.trim()).map(({ name, value }) => [name.trim(), value.trim()]));
}

/** Return what is wrong with the pairs of a form, or null. */
export function metadataProblem(pairs: Pair[]): string | null {
  const names = pairs.map(({ name }) => name.trim()).filter(Boolean);
  const odd = names.find((name) => !/^[A-Za-z0-9._-]{1,64}$/.test(name));
  if (odd !== undefined) return `"${odd}": names are letters without accents, digits, dots, dashes and underscores.`;
  const twice = names.find((name, at) => names.indexOf(name) !== at);
  if (twice !== undefined) return `"${twice}" stands there twice.`;
  if (pairs.some(({ name, value }) => !name.trim() && value.trim())) return "A value needs a name.";
  return names.length > MOST ? `At most ${MOST} entries.` : null;
}
