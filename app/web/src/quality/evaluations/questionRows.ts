import type { Schemas } from "@/api/client";

export type Report = Schemas["ReportBody"];
export type Filter = "all" | "wrong" | "right" | "unknown";

export interface QuestionRow {
  id: string;
  text: string;
  /** On the main figure; null where nobody can say. */
  score: number | null;
  /** What went wrong, in words; null when nothing did. */
  wrong: string | null;
}

/** Return every question of a report, those that went wrong first and the worst of them at the top. */
export function questionRows(report: Report): QuestionRow[] {
  const row = (id: string, wrong: string | null, score: number | null): QuestionRow =>
    ({ id, text: report.details[id]?.text ?? "", score, wrong });
  const bad = report.wrong.map(({ question, why, score }) => row(question, why || lacking(score), score));
  const known = new Set(bad.map(({ id }) => id));
  const rest = Object.entries(report.scores).filter(([id]) => !known.has(id));
  return [...bad, ...rest.map(([id, scores]) => row(id, null, mainScore(report, scores)))];
}

function lacking(score: number | null): string {
  return score === 0 ? "not found" : "found in part";
}

/** Return how one question went: its score on the main figure, else whether it was rightly answered or refused. */
export function mainScore(report: Report, scores: Record<string, number | null>): number | null {
  const column = report.primary === null || report.primary === "abstention_accuracy" ? "abstention_right" : report.primary;
  return scores[column] ?? scores["abstention_right"] ?? null;
}

/** Narrow rows by what became of them, and by words of the question or its id. */
export function narrowed(rows: QuestionRow[], filter: Filter, words: string): QuestionRow[] {
  const sought = words.trim().toLowerCase();
  return rows.filter((row) => fits(row, filter) && (sought === "" || `${row.id}\n${row.text}`.toLowerCase().includes(sought)));
}

function fits({ wrong, score }: QuestionRow, filter: Filter): boolean {
  if (filter === "wrong") return wrong !== null;
  if (filter === "right") return wrong === null && score !== null;
  return filter === "all" || (wrong === null && score === null);
}
