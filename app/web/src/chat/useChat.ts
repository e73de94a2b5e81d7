import { useEffect, useLayoutEffect, useMemo, useRef, useState } from "react";
import { notifications } from "@mantine/notifications";
import { useParams, useRouter } from "@tanstack/react-router";
import { useCaller } from "@/session/session";
import { withoutMarks } from "./answer/words";
import { ask, discard, useAttempt } from "./asking";
import { isBusy, type Wish } from "./attempt";
import { draftOf, moveDraft, setDraft } from "./drafts";
import { placeOf, type Place } from "./place";
import { scopeOf } from "./scope";
import { turnsOf, useThread, type Turn } from "./thread";

/** The conversation that the address names, what is asked in it now, and ways to ask. */
export function useChat() {
  const { user } = useCaller();
  const { conversationId }: { conversationId?: string } = useParams({ strict: false });
  const place = useMemo(() => placeOf(user?.id ?? "", conversationId ?? null), [user?.id, conversationId]);
  const thread = useThread(conversationId);
  const attempt = useAttempt(place);
  const all = useMemo(() => turnsOf(thread.data), [thread.data]);
  const replaced = attempt?.wish.replaces ?? null;
  const turns = useMemo(() => before(all, replaced), [all, replaced]);
  const [said, say] = useState("");
  const follow = useFollow(place);

  async function send(wish: Wish) {
    say("Searching your documents.");
    const answer = await ask(place, wish);
    if (!answer) return;
    say(`Answer: ${withoutMarks(answer.answer)}`);
    if (place.conversation === null) await follow(answer.conversation_id ?? "");
  }

  const busy = attempt !== null && isBusy(attempt);
  return {
    place, thread, turns, attempt, busy, said, say,
    ask: (question: string) => void send({ question, replaces: null, ...scopeOf(place.user) }),
    askAgain: (turn: Turn, question: string) => {
      if (busy) notifications.show({ message: "Wait for the answer, or stop it first." });
      else void send({ question, replaces: turn.interaction_id, ...scopeOf(place.user) });
    },
    again: () => attempt && void send({ ...attempt.wish, ...scopeOf(place.user) }),
    /** Put what came to no answer back where it was typed. */
    takeBack: () => {
      if (!attempt) return;
      setDraft(place, [attempt.wish.question, draftOf(place)].filter(Boolean).join("\n\n"));
      discard(place);
    },
    discard: () => discard(place),
  };
}

/** From where the page is about to go to which conversation. Of no page: the asker may have been elsewhere meanwhile. */
let leaving: { from: Place; to: string } | null = null;

/** Go to the conversation that a question began, if its asker still looks at that question. */
function useFollow(place: Place): (id: string) => Promise<void> {
  const router = useRouter();
  useLayoutEffect(() => {
    // What was typed meanwhile goes along.
    if (leaving && place.conversation === leaving.to) moveDraft(leaving.from, place);
    leaving = null;
  }, [place]);
  return async (id) => {
    if (router.state.location.pathname === "/") {
      leaving = { from: place, to: id };
      await router.navigate({ to: "/c/$conversationId", params: { conversationId: id }, replace: true });
    }
    discard(place);
  };
}

function before(turns: Turn[], replaced: string | null): Turn[] {
  const place = turns.findIndex(({ interaction_id }) => interaction_id === replaced);
  return place < 0 ? turns : turns.slice(0, place);
}

/** A value that can be read at any time without being a reason to draw anew. */
export function useLatest<T>(value: T) {
  const latest = useRef(value);
  useEffect(() => {
    latest.current = value;
  });
  return latest;
}
