import { useEffect, useRef, useState, type KeyboardEvent } from "react";
import { ActionIcon, Button, Group, Kbd, Paper, Stack, Text } from "@mantine/core";
import { IconArrowLeft, IconArrowRight, IconCheck, IconPencil, IconX } from "@tabler/icons-react";
import type { Schemas } from "@/api/client";
import { StateBadge } from "@/kit/StateBadge";
import type { Review } from "./decisions";
import { changesOf, fieldsOf, type Fields } from "./edited";
import { QuestionForm } from "./QuestionForm";
import { QuestionWords } from "./QuestionWords";

interface DraftCardProps {
  draft: Schemas["KeptQuestionBody"];
  place: number;
  total: number;
  decision: Review | undefined;
  onDecide: (made: Review) => void;
  onMove: (by: number) => void;
}

/** One draft. Its letters work while the card has the focus, which it takes, so that they never fire elsewhere. */
export function DraftCard({ draft, place, total, decision, onDecide, onMove }: DraftCardProps) {
  const card = useRef<HTMLDivElement>(null);
  const [editing, setEditing] = useState(false);
  useEffect(() => {
    if (!editing) card.current?.focus({ preventScroll: true });
  }, [editing]);
  const approve = () => onDecide({ key: draft._id, action: "approve", changes: decision?.changes ?? {} });
  const reject = () => onDecide({ key: draft._id, action: "reject", changes: {} });
  const keys: Record<string, () => void> = {
    a: approve, r: reject, e: () => setEditing(true), ArrowRight: () => onMove(1), ArrowLeft: () => onMove(-1),
  };

  function pressed(event: KeyboardEvent) {
    const inButton = event.target instanceof HTMLElement && event.target.closest("input, textarea") !== null;
    const action = keys[event.key] ?? keys[event.key.toLowerCase()];
    if (editing || inButton || event.ctrlKey || event.metaKey || event.altKey || !action) return;
    event.preventDefault();
    action();
  }

  return (
    <Paper withBorder p="md" ref={card} tabIndex={-1} onKeyDown={pressed} className="draft-card" role="group" aria-label={`Draft ${place + 1} of ${total}`}>
      <Stack gap="md">
        <Group justify="space-between" wrap="nowrap">
          <Group gap="xs">
            <Text size="sm" c="dimmed" className="figures">Draft {place + 1} of {total}</Text>
            {decision && <StateBadge state={decision.action === "approve" ? "approved" : "refused"} />}
          </Group>
          <Group gap={4} wrap="nowrap">
            <ActionIcon variant="default" aria-label="Draft before" onClick={() => onMove(-1)}><IconArrowLeft size={16} aria-hidden /></ActionIcon>
            <ActionIcon variant="default" aria-label="Next draft" onClick={() => onMove(1)}><IconArrowRight size={16} aria-hidden /></ActionIcon>
          </Group>
        </Group>
        {editing ? (
          <QuestionForm question={edited(draft, decision)} verb="Approve in these words" busy={false} withheld={draft.withheld ?? false} onCancel={() => setEditing(false)}
            onSave={(fields) => onDecide({ key: draft._id, action: "approve", changes: changesOf(draft, fields) })} />
        ) : (
          <>
            <Text fw={600} size="lg" className="pre" dir="auto">{decision?.changes?.text ?? draft.text}</Text>
            <QuestionWords question={draft} />
            <Group gap="sm">
              <Button leftSection={<IconCheck size={16} aria-hidden />} rightSection={<Kbd aria-hidden size="xs">A</Kbd>} color="green" aria-keyshortcuts="A" onClick={approve}>Approve</Button>
              <Button leftSection={<IconX size={16} aria-hidden />} rightSection={<Kbd aria-hidden size="xs">R</Kbd>} variant="default" aria-keyshortcuts="R" onClick={reject}>Reject</Button>
              <Button leftSection={<IconPencil size={16} aria-hidden />} rightSection={<Kbd aria-hidden size="xs">E</Kbd>} variant="default" aria-keyshortcuts="E" onClick={() => setEditing(true)}>Edit</Button>
            </Group>
            <Text size="xs" c="dimmed" className="wide-only">The arrow keys go to the next draft and back. A rejected draft is not made again.</Text>
          </>
        )}
      </Stack>
    </Paper>
  );
}

function edited(draft: DraftCardProps["draft"], decision: Review | undefined): Fields {
  const { text, answer, evidence } = decision?.changes ?? {};
  const fields = fieldsOf(draft);
  return { ...fields, text: text ?? fields.text, answer: answer ?? fields.answer, evidence: evidence ?? fields.evidence };
}
