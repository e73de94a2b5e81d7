import { api, Problem, queries, type Schemas } from "@/api/client";
import { refresh } from "@/api/queryClient";
import { merged } from "./lines";

type Question = Schemas["NewVersionBody"]["questions"][number];

/** Write questions into a set as its next version: beside those that are there, or in their place. */
export function useWritten(onDone: () => void) {
  return queries.useMutation("post", "/v1/golden-sets/{name}", {
    meta: { quiet: true },
    onSuccess: async () => {
      await refresh("/v1/golden-sets");
      onDone();
    },
  });
}

/** Return the body that adds questions to the newest version of a set; 409 if somebody writes one meanwhile. */
export async function addition(name: string, added: Question[], note: string): Promise<Schemas["NewVersionBody"]> {
  try {
    const { data } = await api.GET("/v1/golden-sets/{name}", { params: { path: { name } } });
    return { questions: merged((data?.questions ?? []).map(given), added), note, after: data?.version ?? 0 };
  } catch (error) {
    if (error instanceof Problem && error.status === 404) return { questions: added, note, after: 0 };
    throw error;
  }
}

/** A question as it is kept, as it is given back. */
export function given({ withheld: _withheld, history, passages, ...question }: Schemas["KeptQuestionBody"]): Question {
  return {
    ...question,
    ...(history ? { history: history.map((turn) => ({ role: turn["role"] === "assistant" ? "assistant" : "user", text: turn["text"] ?? "" })) } : {}),
    ...(passages ? { passages: passages.map((passage) => ({ document: passage["document"] ?? "", text: passage["text"] ?? "" })) } : {}),
  };
}
