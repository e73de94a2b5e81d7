import { useEffect, useImperativeHandle, useRef, type ReactNode, type Ref } from "react";
import { Button } from "@mantine/core";
import { IconArrowDown } from "@tabler/icons-react";
import { AttemptShown } from "./AttemptShown";
import type { Attempt } from "./attempt";
import type { Turn } from "./thread";
import { TurnShown, type TurnActions } from "./TurnShown";
import { useStick } from "./useStick";

export interface ThreadHandle {
  toEnd: () => void;
}

interface ThreadProps {
  handle: Ref<ThreadHandle>;
  conversation: string | null;
  turns: readonly Turn[];
  attempt: Attempt | null;
  actions: TurnActions;
  shown: { turn: string; number: number } | null;
  older: { more: boolean; loading: boolean; load: () => void };
  onAgain: () => void;
  onEdit: () => void;
  onDiscard: () => void;
  /** Stands where there is nothing yet. */
  empty: ReactNode;
}

/** Questions and answers, one below the other. */
export function Thread({ handle, conversation, turns, attempt, actions, shown, older, onAgain, onEdit, onDiscard, empty }: ThreadProps) {
  const { area, content, away, toEnd, onScroll } = useStick(turns[0]?.interaction_id);
  useImperativeHandle(handle, () => ({ toEnd }), [toEnd]);
  useEffect(toEnd, [conversation, toEnd]);
  const nothing = turns.length === 0 && attempt === null;
  return (
    <div className="chat-scroll" ref={area} onScroll={onScroll}>
      <div className="chat-column" ref={content}>
        {nothing && empty}
        {older.more && !nothing && <Older loading={older.loading} load={older.load} />}
        {turns.map((turn) => (
          <TurnShown key={turn.interaction_id} conversation={conversation ?? ""} turn={turn} actions={actions}
            shown={shown?.turn === turn.interaction_id ? shown.number : null} />
        ))}
        {attempt && <AttemptShown attempt={attempt} onAgain={onAgain} onEdit={onEdit} onDiscard={onDiscard} />}
      </div>
      {away && !nothing && (
        <Button className="chat-to-end" size="xs" radius="xl" variant="default" leftSection={<IconArrowDown size={14} aria-hidden />} onClick={toEnd}>
          Jump to the end
        </Button>
      )}
    </div>
  );
}

/** What came before is read once its place comes into sight, or on a press. */
function Older({ loading, load }: { loading: boolean; load: () => void }) {
  const place = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (!place.current || loading) return undefined;
    const seen = new IntersectionObserver(([entry]) => {
      if (entry?.isIntersecting) load();
    });
    seen.observe(place.current);
    return () => seen.disconnect();
  }, [loading, load]);
  return (
    <div ref={place} className="chat-older">
      <Button variant="subtle" size="xs" loading={loading} onClick={load}>Show earlier questions</Button>
    </div>
  );
}

/** Put the focus on the turn before or after the one it is in. */
export function goToTurn(step: 1 | -1): void {
  const all = [...document.querySelectorAll<HTMLElement>(".chat-turn")];
  const at = all.findIndex((turn) => turn.contains(document.activeElement));
  const next = at < 0 && step < 0 ? all.at(-1) : all[Math.max(at + step, 0)];
  if (!next) return;
  next.focus({ preventScroll: true });
  next.scrollIntoView({ block: "start" });
}
