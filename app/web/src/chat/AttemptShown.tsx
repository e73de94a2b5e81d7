import { useId, useMemo } from "react";
import { Alert, Button, Group, Text } from "@mantine/core";
import { Problem } from "@/api/client";
import { count } from "@/kit/numbers";
import { SourcesContext } from "./answer/CitationMark";
import { Markdown } from "./answer/Markdown";
import type { Attempt } from "./attempt";
import { Question } from "./Question";

interface AttemptProps {
  attempt: Attempt;
  onAgain: () => void;
  onEdit: () => void;
  onDiscard: () => void;
}

/** A question whose answer is being made, or that came to none: nothing that was typed is lost. */
export function AttemptShown({ attempt, onAgain, onEdit, onDiscard }: AttemptProps) {
  const heading = useId();
  const { phase, text, citations, sentences, wish } = attempt;
  const numbers = useMemo(() => new Set(citations.map(({ number }) => number)), [citations]);
  const marks = useMemo(() => ({ citations, open: () => undefined, shown: null }), [citations]);
  return (
    <article className="chat-turn chat-attempt" aria-labelledby={heading} aria-busy={phase === "searching" || phase === "reading" || phase === "answering"}>
      <Question id={heading} question={wish.question} />
      {text && (
        <div className="chat-answer" dir="auto">
          <SourcesContext.Provider value={marks}>
            <Markdown text={text} sentences={sentences} numbers={numbers} />
          </SourcesContext.Provider>
        </div>
      )}
      <Told attempt={attempt} />
      {(phase === "stopped" || phase === "failed" || phase === "loose") && (
        <Group gap="xs">
          {phase !== "loose" && <Button size="xs" onClick={onAgain}>Try again</Button>}
          {phase !== "loose" && <Button size="xs" variant="default" onClick={onEdit}>Edit the question</Button>}
          <Button size="xs" variant="subtle" color="gray" onClick={onDiscard}>Discard</Button>
        </Group>
      )}
    </article>
  );
}

function Told({ attempt: { phase, passages, error } }: { attempt: Attempt }) {
  if (phase === "searching") return <Text size="sm" c="dimmed" className="chat-waiting">Searching your documents</Text>;
  if (phase === "reading") return <Text size="sm" c="dimmed" className="chat-waiting">Reading {count(passages, "passage")}</Text>;
  if (phase === "stopped") return <Text size="sm" c="dimmed">You stopped this answer. Nothing of it was stored.</Text>;
  if (phase === "loose") return <Text size="sm" c="dimmed">The conversation was deleted or changed while this answer was made. It is shown here once, and kept nowhere.</Text>;
  if (phase !== "failed") return null;
  const problem = error instanceof Problem ? error : null;
  return (
    <Alert color="red" title={problem?.title ?? "No answer"} mb="xs" role="alert">
      {error?.message}
      {problem?.retryAfterS != null && ` Try again in ${problem.retryAfterS} s.`}
    </Alert>
  );
}
