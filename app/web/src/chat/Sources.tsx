import { useState } from "react";
import { ActionIcon, Button, Text, Tooltip } from "@mantine/core";
import { IconCheck, IconX } from "@tabler/icons-react";
import { sourcesOf, whereOf } from "./answer/words";
import { withChunk, type Said } from "./feedback/said";
import type { Turn } from "./thread";

interface SourcesProps {
  turn: Turn;
  said: Said;
  give: (said: Said) => Promise<boolean>;
  open: (number: number, opener: HTMLElement) => void;
}

const SHOWN_AT_FIRST = 3;

/** Where an answer stands, or, where there is none, what came closest. */
export function Sources({ turn, said, give, open }: SourcesProps) {
  const [all, setAll] = useState(false);
  const sources = sourcesOf(turn);
  if (sources.length === 0) return null;
  const shown = all ? sources : sources.slice(0, SHOWN_AT_FIRST);
  const isNearest = sources === turn.nearest;
  return (
    <section className="chat-sources" aria-label={isNearest ? "Closest passages" : "Sources"}>
      <Text size="sm" fw={600} c="dimmed">{isNearest ? "Closest passages" : "Sources"}</Text>
      <ol>
        {shown.map((source) => (
          <li key={source.number}>
            <span className="chat-number" aria-hidden>{source.number}</span>
            {source.available ? <Source source={source} said={said} give={give} open={open} />
              : <Text size="sm" c="dimmed">Not available any more: it was deleted, or you may no longer read it.</Text>}
          </li>
        ))}
      </ol>
      {sources.length > shown.length && (
        <Button variant="subtle" size="compact-sm" onClick={() => setAll(true)}>Show all {sources.length}</Button>
      )}
    </section>
  );
}

function Source({ source, said, give, open }: Omit<SourcesProps, "turn"> & { source: Turn["citations"][number] }) {
  return (
    <>
      <div className="chat-source-words">
        <button type="button" className="chat-source-title" dir="auto" onClick={(event) => open(source.number, event.currentTarget)}>
          {whereOf(source)}
        </button>
        <Text size="sm" c="dimmed" dir="auto" lineClamp={2}>{source.quote}</Text>
        {source.suspect && <Text size="xs" className="chat-notice">Parts of this passage speak to a language model. Read it with care.</Text>}
        {source.masked && <Text size="xs" className="chat-notice">Secrets or personal data in this quote are replaced by marks.</Text>}
      </div>
      <Judged side="right" chunk={source.chunk_id} said={said} give={give} />
      <Judged side="wrong" chunk={source.chunk_id} said={said} give={give} />
    </>
  );
}

const SIDES = {
  right: { words: "Right source", colour: "green", Icon: IconCheck, list: "rightChunks" },
  wrong: { words: "Wrong source", colour: "red", Icon: IconX, list: "wrongChunks" },
} as const;

function Judged({ side, chunk, said, give }: { side: "right" | "wrong"; chunk: string } & Pick<SourcesProps, "said" | "give">) {
  const { words, colour, Icon, list } = SIDES[side];
  const pressed = said[list].includes(chunk);
  return (
    <Tooltip label={pressed ? `You said: ${words.toLowerCase()}. Press to take it back` : words}>
      <ActionIcon variant={pressed ? "light" : "subtle"} size="sm" color={pressed ? colour : "gray"} aria-label={words} aria-pressed={pressed}
        onClick={() => void give(withChunk(said, chunk, side))}>
        <Icon size={15} aria-hidden />
      </ActionIcon>
    </Tooltip>
  );
}
