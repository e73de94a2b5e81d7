import { Text } from "@mantine/core";
import { IconInfoCircle } from "@tabler/icons-react";
import { count } from "@/kit/numbers";
import type { Answer } from "./attempt";

type Noticed = Pick<Answer, "abstained" | "blocked" | "degraded" | "removed" | "guards" | "searched" | "sentences">;

/** Return what a reader has to know about how an answer came about. */
export function noticesOf(answer: Noticed): string[] {
  const masked = (where: "question" | "answer") =>
    answer.guards.some((guard) => guard.action === "masked" && guard.where === where);
  const doubted = answer.sentences.filter(({ verdict }) => verdict !== "supported").length;
  return [
    answer.blocked ? `There is no answer to this: a rule of this server (${answer.blocked}) forbids it.` : "",
    answer.abstained && !answer.blocked ? "Of what you may read, the passages below come closest." : "",
    answer.degraded ? "The language model did not answer. These are the documents' own words." : "",
    answer.removed > 0 ? `${count(answer.removed, "sentence was", "sentences were")} left out, because no source bears ${answer.removed === 1 ? "it" : "them"} out.` : "",
    doubted > 0 ? "Underlined sentences are not, or only partly, borne out by their sources. Check them before you rely on them." : "",
    masked("question") ? "Personal data or secrets in the question were replaced by marks before it was answered." : "",
    masked("answer") ? "Personal data or secrets in the answer are replaced by marks." : "",
    answer.searched ? `Searched for: ${answer.searched}` : "",
  ].filter(Boolean);
}

export function Notices({ answer }: { answer: Noticed }) {
  const notices = noticesOf(answer);
  if (notices.length === 0) return null;
  return (
    <ul className="chat-notices">
      {notices.map((notice) => (
        <li key={notice}>
          <IconInfoCircle size={16} aria-hidden />
          <Text size="sm" c="dimmed" component="span" dir="auto">{notice}</Text>
        </li>
      ))}
    </ul>
  );
}
