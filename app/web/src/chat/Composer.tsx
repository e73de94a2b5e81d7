import { forwardRef, type KeyboardEvent } from "react";
import { ActionIcon, Group, Text, Textarea, Tooltip } from "@mantine/core";
import { IconArrowUp, IconPlayerStopFilled } from "@tabler/icons-react";
import { grouped } from "@/kit/numbers";
import { setDraft, useDraft } from "./drafts";
import type { Place } from "./place";
import { QUESTION_CHARS } from "./Question";
import { ScopeChoice } from "./ScopeChoice";

interface ComposerProps {
  place: Place;
  busy: boolean;
  onAsk: (question: string) => void;
  onStop: () => void;
}

const NEARLY_FULL = 3_500;

/** Where one types. Enter asks, Shift and Enter break the line; what is typed stays until it is asked. */
export const Composer = forwardRef<HTMLTextAreaElement, ComposerProps>(function Composer({ place, busy, onAsk, onStop }, ref) {
  const text = useDraft(place);
  const words = text.trim();

  function ask() {
    if (busy || !words) return;
    setDraft(place, "");
    onAsk(words);
  }

  function pressed(event: KeyboardEvent) {
    if (event.key === "Enter" && !event.shiftKey && !event.nativeEvent.isComposing) {
      event.preventDefault();
      ask();
    } else if (event.key === "Escape" && busy) {
      event.stopPropagation();
      onStop();
    }
  }

  return (
    <form className="chat-composer" onSubmit={(event) => { event.preventDefault(); ask(); }}>
      <Textarea ref={ref} aria-label="Your question" placeholder="Ask your documents" variant="unstyled" autosize minRows={1} maxRows={10}
        maxLength={QUESTION_CHARS} autoFocus value={text} dir="auto" onKeyDown={pressed} onChange={(event) => setDraft(place, event.currentTarget.value)} />
      <Group justify="space-between" gap="xs" wrap="nowrap">
        <ScopeChoice user={place.user} />
        <Group gap="xs" wrap="nowrap">
          {text.length >= NEARLY_FULL && (
            <Text size="xs" c={text.length >= QUESTION_CHARS ? "red" : "dimmed"} className="nowrap" role="status">
              {grouped(text.length)} of {grouped(QUESTION_CHARS)} characters
            </Text>
          )}
          {busy ? (
            <Tooltip label="Stop the answer (Escape)">
              <ActionIcon size="lg" radius="xl" color="red" aria-label="Stop the answer" onClick={onStop}><IconPlayerStopFilled size={16} aria-hidden /></ActionIcon>
            </Tooltip>
          ) : (
            <Tooltip label="Ask (Enter)">
              <ActionIcon size="lg" radius="xl" type="submit" aria-label="Ask" disabled={!words}><IconArrowUp size={18} aria-hidden /></ActionIcon>
            </Tooltip>
          )}
        </Group>
      </Group>
    </form>
  );
});
