import type { Schemas } from "@/api/client";
import { between, changeShown, titleOf } from "../figures";

type Comparison = Schemas["ComparisonBody"];
type Difference = Schemas["DifferenceBody"];

export interface Said {
  tone: "better" | "worse" | "same" | "unsure";
  title: string;
  words: string;
}

/** Say in words whether the later run is better, and whether the questions suffice to tell. */
export function verdict({ primary, figures }: Comparison): Said {
  const found = primary === null ? undefined : figures[primary];
  if (primary === null || !found) {
    return { tone: "unsure", title: "These two cannot be told apart", words: "No main figure was measured in both runs, so there is nothing to decide by." };
  }
  const interval = between(found, primary, changeShown);
  const change = `${titleOf(primary)} changed by ${changeShown(found.value, primary)}${interval ? ` (95 % interval ${interval})` : ""}.`;
  return { ...BY_VERDICT[found.verdict](found, primary), words: `${change} ${words(found, primary)}` };
}

const BY_VERDICT: Record<Difference["verdict"], (found: Difference, name: string) => Omit<Said, "words">> = {
  better: () => ({ tone: "better", title: "The later run is better" }),
  worse: () => ({ tone: "worse", title: "The later run is worse" }),
  "no difference found": () => ({ tone: "same", title: "No difference was found" }),
  "not enough data": () => ({ tone: "unsure", title: "There are too few questions to tell" }),
  "not tested": () => ({ tone: "unsure", title: "This figure is not tested" }),
};

function words(found: Difference, name: string): string {
  if (found.verdict === "better" || found.verdict === "worse") {
    return `That is more than chance: with the runs swapped at random in each of the ${found.questions} questions, a change as large hardly ever came up (p = ${shortP(found.p_value)}).`;
  }
  const enough = found.detectable === null ? "" : ` A difference of ${changeShown(found.detectable, name).slice(1)} would have been found in four of five such sets.`;
  if (found.verdict === "no difference found") return `That is no more than chance on these ${found.questions} questions.${enough}`;
  if (found.more_questions !== null) {
    return `If the difference is as large as it looks, about ${found.more_questions} more ${found.more_questions === 1 ? "question" : "questions"} would show it.`;
  }
  return "The questions do not vary enough to say how sure this is.";
}

function shortP(p: number | null): string {
  return p === null ? "not known" : p < 0.001 ? "below 0.001" : p.toFixed(3);
}

/** Say what a difference of any figure comes to, in a few words. */
export function summary({ verdict: found, more_questions: more }: Difference): string {
  return found === "not enough data" && more !== null ? `not enough data: ${more} more ${more === 1 ? "question" : "questions"}` : found;
}
