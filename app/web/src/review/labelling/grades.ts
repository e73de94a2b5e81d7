// The grades of one task, and how far raters agree in words; pure, so that it can be tested.
import type { Schemas } from "@/api/client";
import { count, percent } from "@/kit/numbers";

export type Task = Schemas["TaskBody"];
export type Agreement = Schemas["AgreementBody"];
export type Grade = 0 | 1 | 2;
export type Grades = Readonly<Record<string, Grade>>;

export const GRADES: readonly { grade: Grade; words: string }[] = [
  { grade: 0, words: "Does not answer" },
  { grade: 1, words: "Answers partly" },
  { grade: 2, words: "Answers" },
];

export function gradeWords(grade: number): string {
  return GRADES.find((one) => one.grade === grade)?.words ?? String(grade);
}

/** Return the grade that a key stands for; null for other keys. */
export function gradeOf(key: string): Grade | null {
  return GRADES.find(({ grade }) => String(grade) === key)?.grade ?? null;
}

/** Return the passage to be graded after another one: the next without a grade, from the start again; null when all have one. */
export function nextWithout(ids: readonly string[], grades: Grades, after: string | null): string | null {
  const from = after === null ? 0 : ids.indexOf(after) + 1;
  return [...ids.slice(from), ...ids.slice(0, from)].find((id) => grades[id] === undefined) ?? null;
}

/** Fewer pairs than this say nothing of how raters agree. */
export const FEWEST_PAIRS = 20;

/** Say what a kappa means, in the usual words (Landis and Koch 1977). */
export function kappaWords(kappa: number): string {
  if (kappa < 0) return "less agreement than by chance";
  if (kappa <= 0.2) return "slight agreement";
  if (kappa <= 0.4) return "fair agreement";
  if (kappa <= 0.6) return "moderate agreement";
  return kappa <= 0.8 ? "substantial agreement" : "almost perfect agreement";
}

/** Say in a sentence how far raters agree. */
export function agreementWords({ pairs, same, kappa }: Pick<Agreement, "pairs" | "same" | "kappa">): string {
  if (pairs === 0) return "No passage was graded by two people yet.";
  const equal = same === null ? "" : ` ${percent(same)} of the grades are the same.`;
  if (pairs < FEWEST_PAIRS) return `${count(pairs, "passage was", "passages were")} graded by two people: too few to tell, it takes ${FEWEST_PAIRS}.${equal}`;
  if (kappa.value === null) return `Everybody always gave the same grade, so agreement beyond chance cannot be told.${equal}`;
  const words = kappaWords(kappa.value);
  const between = kappaBetween(kappa);
  const interval = between ? ` (kappa ${kappaFigure(kappa)}, within ${between})` : ` (kappa ${kappaFigure(kappa)})`;
  return `${words.charAt(0).toUpperCase()}${words.slice(1)}${interval}.${equal}`;
}

/** Say a kappa as a figure. */
export function kappaFigure({ value }: Agreement["kappa"]): string {
  return value === null ? "not known" : value.toFixed(2);
}

/** Say between what a kappa lies; nothing where that cannot be told. */
export function kappaBetween({ low, high }: Agreement["kappa"]): string {
  return low === null || high === null ? "" : `${low.toFixed(2)} to ${high.toFixed(2)}`;
}
