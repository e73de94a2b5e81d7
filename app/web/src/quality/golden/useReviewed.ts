import { queries, type Schemas } from "@/api/client";
import { refresh } from "@/api/queryClient";
import type { GoldenSet } from "./AddQuestions";

/** Review questions of a set as it was looked at; a 409 says that somebody changed one meanwhile. */
export function useReviewed(set: GoldenSet) {
  const patch = queries.useMutation("patch", "/v1/golden-sets/{name}/questions", {
    meta: { quiet: true },
    onSuccess: () => refresh("/v1/golden-sets"),
  });
  const review = (body: Schemas["QuestionReviewBody"][], onDone: () => void) =>
    patch.mutate({ params: { path: { name: set.name }, query: { after: set.version } }, body }, { onSuccess: onDone });
  return { review, busy: patch.isPending, failure: patch.error, forget: patch.reset };
}
