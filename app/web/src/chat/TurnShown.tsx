import { lazy, memo, Suspense, useId, useMemo, useState } from "react";
import { ActionIcon, Text, Tooltip } from "@mantine/core";
import { IconCheck, IconCopy, IconHelpCircle, IconRefresh } from "@tabler/icons-react";
import { useRole } from "@/session/session";
import { SourcesContext } from "./answer/CitationMark";
import { Markdown } from "./answer/Markdown";
import { asMarkdown, sourcesOf } from "./answer/words";
import { copied } from "./copy";
import { Reasons, Thumbs } from "./feedback/Thumbs";
import { useSaid } from "./feedback/useSaid";
import { Notices } from "./Notices";
import { Question } from "./Question";
import { useAssistants } from "./scope";
import { Sources } from "./Sources";
import type { Turn } from "./thread";

const Correction = lazy(async () => ({ default: (await import("./feedback/Correction")).Correction }));
const Why = lazy(async () => ({ default: (await import("./Why")).Why }));

export interface TurnActions {
  open: (turn: Turn, number: number, opener: HTMLElement) => void;
  askAgain: (turn: Turn, question: string) => void;
  /** How many turns of the conversation came after this one. */
  later: (turn: Turn) => number;
  say: (words: string) => void;
}

interface TurnProps {
  conversation: string;
  turn: Turn;
  actions: TurnActions;
  /** The source of it that is open beside it; null for none. */
  shown: number | null;
}

/** A question with its answer, and what one can do with it. */
export const TurnShown = memo(function TurnShown({ conversation, turn, actions, shown }: TurnProps) {
  const heading = useId();
  const { said, give, failure } = useSaid(conversation, turn);
  const [correcting, setCorrecting] = useState(false);
  const [editing, setEditing] = useState(false);
  const open = useMemo(() => (number: number, opener: HTMLElement) => actions.open(turn, number, opener), [actions, turn]);
  const numbers = useMemo(() => new Set(turn.citations.map(({ number }) => number)), [turn.citations]);
  const marks = useMemo(() => ({ citations: turn.citations, open, shown }), [turn.citations, open, shown]);

  // What came after it would go: the editor says so before it happens.
  const askAgain = () => (actions.later(turn) > 0 ? setEditing(true) : actions.askAgain(turn, turn.question));

  return (
    <article className="chat-turn" aria-labelledby={heading} tabIndex={-1}>
      <Question id={heading} question={turn.question} later={() => actions.later(turn)} editing={editing} setEditing={setEditing}
        onEdited={(edited) => actions.askAgain(turn, edited)} />
      <div className="chat-answer" dir="auto">
        <SourcesContext.Provider value={marks}>
          <Markdown text={turn.answer} sentences={turn.sentences} numbers={numbers} />
        </SourcesContext.Provider>
      </div>
      {turn.assistant && <AskedOf assistant={turn.assistant} />}
      <Notices answer={turn} />
      <Sources turn={turn} said={said} give={give} open={open} />
      <div className="chat-actions">
        <Copy turn={turn} say={actions.say} />
        <Tooltip label="Ask again">
          <ActionIcon variant="subtle" color="gray" aria-label="Ask again" onClick={askAgain}>
            <IconRefresh size={18} aria-hidden />
          </ActionIcon>
        </Tooltip>
        {turn.available && <Thumbs said={said} give={give} onCorrect={() => setCorrecting(true)} />}
        {turn.available && sourcesOf(turn).length > 0 && <WhyButton turn={turn} />}
      </div>
      {failure && <Text size="sm" c="red" role="alert">{failure}</Text>}
      <Reasons said={said} give={give} />
      {said.answer && <Text size="sm" c="dimmed" dir="auto" className="pre">Your correction: {said.answer}</Text>}
      {correcting && (
        <Suspense>
          <Correction turn={turn} said={said} give={give} failure={failure} onClose={() => setCorrecting(false)} />
        </Suspense>
      )}
    </article>
  );
});

function AskedOf({ assistant }: { assistant: string }) {
  const { assistants } = useAssistants();
  const name = assistants.find(({ id }) => id === assistant)?.name;
  return name ? <Text size="sm" c="dimmed" dir="auto">Asked of the assistant {name}</Text> : null;
}

function Copy({ turn, say }: { turn: Turn; say: (words: string) => void }) {
  const [done, setDone] = useState(false);
  async function copy() {
    const worked = await copied(asMarkdown(turn));
    say(worked ? "Copied." : "This browser does not allow copying.");
    setDone(worked);
    setTimeout(() => setDone(false), 1_500);
  }
  return (
    <Tooltip label={done ? "Copied" : "Copy the answer with its sources"}>
      <ActionIcon variant="subtle" color="gray" aria-label="Copy the answer with its sources" onClick={() => void copy()}>
        {done ? <IconCheck size={18} aria-hidden /> : <IconCopy size={18} aria-hidden />}
      </ActionIcon>
    </Tooltip>
  );
}

function WhyButton({ turn }: { turn: Turn }) {
  const { administrator } = useRole();
  const [open, setOpen] = useState(false);
  if (!administrator) return null;
  return (
    <>
      <Tooltip label="Why these passages?">
        <ActionIcon variant="subtle" color="gray" aria-label="Why these passages?" onClick={() => setOpen(true)}>
          <IconHelpCircle size={18} aria-hidden />
        </ActionIcon>
      </Tooltip>
      {open && <Suspense><Why turn={turn} onClose={() => setOpen(false)} /></Suspense>}
    </>
  );
}
