import "./chat.css";
import { lazy, Suspense, useEffect, useMemo, useRef, useState } from "react";
import { ActionIcon, Drawer, Text, Title, Tooltip, VisuallyHidden } from "@mantine/core";
import { useMediaQuery } from "@mantine/hooks";
import { IconKeyboard, IconLayoutSidebar, IconPlus } from "@tabler/icons-react";
import { useNavigate } from "@tanstack/react-router";
import { Problem } from "@/api/client";
import { Empty } from "@/kit/Empty";
import { Link } from "@/kit/Link";
import { useTitle } from "@/kit/Page";
import { ProblemShown } from "@/kit/ProblemShown";
import { Loading } from "@/kit/Shown";
import { stop } from "./asking";
import { Composer } from "./Composer";
import { ConversationMenu } from "./ConversationMenu";
import { Conversations } from "./Conversations";
import { SourcePanel } from "./SourcePanel";
import { goToTurn, Thread, type ThreadHandle } from "./Thread";
import type { TurnActions } from "./TurnShown";
import { useChat, useLatest } from "./useChat";
import { useShortcuts } from "./useShortcuts";
import { Welcome } from "./Welcome";

const Shortcuts = lazy(async () => ({ default: (await import("./Shortcuts")).Shortcuts }));

interface OpenSource {
  /** Where it was opened: another conversation closes it. */
  place: string;
  turn: string;
  number: number;
}

/** Ask, read the answer beside its sources, say whether it is right. */
export function ChatPage() {
  const chat = useChat();
  const { place, thread, turns, attempt } = chat;
  const navigate = useNavigate();
  const isNarrow = useMediaQuery("(max-width: 64rem)") ?? false;
  const [listAt, setListAt] = useState<string | null>(null);
  const [help, setHelp] = useState(false);
  const [opened, setSource] = useState<OpenSource | null>(null);
  const source = opened?.place === place.key ? opened : null;
  const panel = useRef<HTMLElement>(null);
  const opener = useRef<HTMLElement | null>(null);
  const composer = useRef<HTMLTextAreaElement>(null);
  const search = useRef<HTMLInputElement>(null);
  const scroll = useRef<ThreadHandle>(null);
  const isMissing = thread.isError && !thread.data;
  const title = place.conversation === null ? "New chat" : thread.data?.pages[0]?.title || "Chat";
  useTitle(title);

  const toQuestion = () => composer.current?.focus();
  const lastPlace = useRef(place);
  useEffect(() => {
    if (lastPlace.current === place) return;
    lastPlace.current = place;
    // On a phone the keyboard would come up unasked.
    if (globalThis.matchMedia("(hover: hover)").matches) composer.current?.focus();
  }, [place]);

  const closeSource = () => {
    setSource(null);
    if (opener.current?.isConnected) opener.current.focus();
  };
  const latest = useLatest({ chat, source, closeSource });
  const actions = useMemo<TurnActions>(() => ({
    open: (turn, number, from) => {
      const { source: open, closeSource: close } = latest.current;
      opener.current = from;
      if (open?.turn === turn.interaction_id && open.number === number) close();
      else {
        setSource({ place: latest.current.chat.place.key, turn: turn.interaction_id, number });
        panel.current?.focus();
      }
    },
    askAgain: (turn, question) => latest.current.chat.askAgain(turn, question),
    later: (turn) => latest.current.chat.turns.length - 1 - latest.current.chat.turns.findIndex((one) => one.interaction_id === turn.interaction_id),
    say: (words) => latest.current.chat.say(words),
  }), [latest]);

  useShortcuts({
    toQuestion,
    toSearch: () => (isNarrow ? setListAt(place.key) : search.current?.focus()),
    escape: () => (source ? closeSource() : stop(place)),
    help: () => setHelp(true),
    turn: goToTurn,
  });

  function ask(question: string) {
    scroll.current?.toEnd();
    chat.ask(question);
  }

  function onDeleted(id: string) {
    if (id === place.conversation) void navigate({ to: "/" });
    else composer.current?.focus();
  }

  const shownTurn = turns.find(({ interaction_id }) => interaction_id === source?.turn);
  const list = <Conversations open={place.conversation} search={search} onNew={toQuestion} onDeleted={onDeleted} />;
  return (
    <div className="chat" data-source={(shownTurn && !isNarrow) || undefined}>
      {isNarrow ? (
        <Drawer opened={listAt === place.key} onClose={() => setListAt(null)} title="Conversations" size="xs">{list}</Drawer>
      ) : <section className="chat-side" aria-label="Conversations">{list}</section>}
      <div className="chat-main">
        <header className="chat-head">
          {isNarrow && (
            <ActionIcon variant="subtle" color="gray" aria-label="Conversations" onClick={() => setListAt(place.key)}><IconLayoutSidebar size={18} aria-hidden /></ActionIcon>
          )}
          <Title order={1} className="chat-title" dir="auto" title={title}>{title}</Title>
          {place.conversation !== null && thread.data && <ConversationMenu id={place.conversation} title={title} onDeleted={onDeleted} />}
          {!isNarrow && (
            <Tooltip label="Keys (?)">
              <ActionIcon variant="subtle" color="gray" aria-label="Keys" onClick={() => setHelp(true)}><IconKeyboard size={18} aria-hidden /></ActionIcon>
            </Tooltip>
          )}
          {isNarrow && (
            <ActionIcon variant="subtle" color="gray" aria-label="New chat" onClick={() => void navigate({ to: "/" })}><IconPlus size={18} aria-hidden /></ActionIcon>
          )}
        </header>
        {isMissing ? <Missing error={thread.error} retry={() => void thread.refetch()} /> : (
          <Thread key={place.user} handle={scroll} conversation={place.conversation} turns={turns} attempt={attempt} actions={actions} shown={source}
            older={{ more: thread.hasNextPage, loading: thread.isFetchingNextPage, load: () => void thread.fetchNextPage() }}
            onAgain={chat.again} onEdit={() => { chat.takeBack(); toQuestion(); }} onDiscard={() => { chat.discard(); toQuestion(); }}
            empty={place.conversation !== null && thread.isPending ? <Loading rows={6} /> : <Welcome place={place} onAsk={ask} />} />
        )}
        {!isMissing && <Composer ref={composer} place={place} busy={chat.busy} onAsk={ask} onStop={() => stop(place)} />}
        <Text size="xs" c="dimmed" ta="center" className="chat-foot">Open the source before you rely on an answer.</Text>
      </div>
      {shownTurn && source && (
        <SourcePanel panel={panel} turn={shownTurn} number={source.number} sheet={isNarrow} onClose={closeSource} onNumber={(number) => setSource({ ...source, number })} />
      )}
      <VisuallyHidden role="status">{chat.said}</VisuallyHidden>
      {help && <Suspense><Shortcuts onClose={() => setHelp(false)} /></Suspense>}
    </div>
  );
}

function Missing({ error, retry }: { error: unknown; retry: () => void }) {
  if (!(error instanceof Problem && error.status === 404)) return <div className="chat-scroll"><div className="chat-column"><ProblemShown error={error} retry={retry} /></div></div>;
  return (
    <div className="chat-scroll">
      <Empty title="There is no such conversation">
        It was deleted, or it is somebody else's. <Link to="/">Begin a new one</Link>
      </Empty>
    </div>
  );
}
