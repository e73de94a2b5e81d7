import type { Schemas } from "@/api/client";

/** Return an address when a reader may be sent there from a text that anybody can have written; nothing otherwise. */
export function safeAddress(address: string): string {
  return /^(?:https?:\/\/|mailto:)/i.test(address) ? address : "";
}

/** Say how far a sentence is borne out. */
export function doubtWords(verdict: string, missing: string): string {
  const said = verdict === "partly" ? "only partly borne out by its sources" : "not borne out by its sources";
  return missing ? `${said}: they lack ${missing}` : said;
}

type Placed = Pick<Schemas["CitationBody"], "title" | "section" | "page">;

/** Say where a quote stands, such as "Annual leave > Carrying over, page 3". */
export function whereOf({ title, section, page }: Placed): string {
  const names = [...new Set([title, ...section])].filter(Boolean).join(" > ");
  return page === null ? names : `${names}, page ${page}`;
}

type Answered = Pick<Schemas["AnswerBody"], "abstained" | "citations" | "nearest">;

/** The quotes that an answer shows: what it cites, or, without an answer, what came closest. */
export function sourcesOf<Source>({ abstained, citations, nearest }: { abstained: boolean; citations: Source[]; nearest: Source[] }): Source[] {
  return abstained || citations.length === 0 ? nearest : citations;
}

/** Return an answer with its sources as Markdown, to be pasted elsewhere. */
export function asMarkdown({ answer, ...answered }: Answered & { answer: string }): string {
  const sources = sourcesOf(answered).filter(({ quote }) => quote);
  if (sources.length === 0) return `${answer}\n`;
  const heading = answered.abstained ? "The closest passages:" : "Sources:";
  const lines = sources.map((source) => `${source.number}. ${whereOf(source)}\n${source.quote.split("\n").map((line) => `   > ${line}`.trimEnd()).join("\n")}`);
  return `${answer}\n\n${heading}\n\n${lines.join("\n")}\n`;
}

/** Return an answer without its marks, as a correction begins with it. */
export function withoutMarks(answer: string): string {
  return answer.replaceAll(/ ?\[\d{1,3}\]/g, "").trim();
}
