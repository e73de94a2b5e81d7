import { sliced } from "@/api/codePoints";
import { withoutMarks } from "../answer/words";
import type { Turn } from "../thread";

type Sentence = Turn["sentences"][number];

/** A sentence of an answer that stands on a source. */
export interface Claim {
  words: string;
  verdict: Sentence["verdict"];
  missing: string[];
  /** Whether it cites other sources besides. */
  shared: boolean;
}

/** Return the sentences of an answer that cite a source, in their order. */
export function claimsOn(answer: Pick<Turn, "answer" | "sentences">, number: number): Claim[] {
  return answer.sentences
    .filter(({ citations }) => citations.includes(number))
    .map(({ start, end, verdict, missing, citations }) => ({
      words: withoutMarks(sliced(answer.answer, start, end)),
      verdict,
      missing,
      shared: citations.length > 1,
    }));
}

/** Say how far the sources of a sentence bear it out. */
export function verdictOf({ verdict, shared }: Pick<Claim, "verdict" | "shared">): string {
  const by = shared ? "by this source and the others that it cites" : "by this source";
  if (verdict === "supported") return `Borne out ${by}`;
  return verdict === "partly" ? `Only partly borne out ${by}` : `Not borne out ${by}`;
}
