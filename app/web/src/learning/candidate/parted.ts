const ROUNDING = 1e-9;

/** Count the questions that gain, lose and stay as they were. */
export function parted(differences: readonly number[]): { better: number; worse: number; same: number } {
  const better = differences.filter((size) => size > ROUNDING).length;
  const worse = differences.filter((size) => size < -ROUNDING).length;
  return { better, worse, same: differences.length - better - worse };
}
