import { useEffect, useId, useRef, useState, type KeyboardEvent } from "react";
import { ActionIcon, Button, Group, Text, Textarea, Tooltip } from "@mantine/core";
import { IconPencil } from "@tabler/icons-react";
import { count } from "@/kit/numbers";

export const QUESTION_CHARS = 4_000;

interface QuestionProps {
  id: string;
  question: string;
  /** How many turns of the conversation came after this one, counted when the editor opens. */
  later?: () => number;
  editing?: boolean;
  setEditing?: (editing: boolean) => void;
  onEdited?: (question: string) => void;
}

/** What was asked, and a way to ask it otherwise. */
export function Question({ id, question, later, editing = false, setEditing, onEdited }: QuestionProps) {
  const button = useRef<HTMLButtonElement>(null);
  const wasEditing = useRef(false);
  useEffect(() => {
    if (wasEditing.current && !editing) button.current?.focus();
    wasEditing.current = editing;
  }, [editing]);
  if (editing && setEditing && onEdited) {
    return <Editor id={id} question={question} later={later?.() ?? 0} onCancel={() => setEditing(false)}
      onEdited={(edited) => { setEditing(false); onEdited(edited); }} />;
  }
  return (
    <div className="chat-asked">
      {setEditing && (
        <Tooltip label="Edit the question">
          <ActionIcon ref={button} variant="subtle" color="gray" className="chat-edit" aria-label="Edit the question" onClick={() => setEditing(true)}>
            <IconPencil size={16} aria-hidden />
          </ActionIcon>
        </Tooltip>
      )}
      <h2 id={id} className="chat-question pre" dir="auto">{question}</h2>
    </div>
  );
}

interface EditorProps {
  id: string;
  question: string;
  later: number;
  onEdited: (question: string) => void;
  onCancel: () => void;
}

function Editor({ id, question, later, onEdited, onCancel }: EditorProps) {
  const [text, setText] = useState(question);
  const note = useId();
  const words = text.trim();

  function pressed(event: KeyboardEvent) {
    if (event.key === "Escape") {
      event.stopPropagation();
      onCancel();
    } else if (event.key === "Enter" && !event.shiftKey && !event.nativeEvent.isComposing) {
      event.preventDefault();
      if (words) onEdited(words);
    }
  }

  return (
    <div className="chat-editor">
      <h2 id={id} className="chat-editor-title">Edit the question</h2>
      <Textarea aria-labelledby={id} aria-describedby={note} autosize minRows={2} maxRows={12} maxLength={QUESTION_CHARS} autoFocus value={text}
        onKeyDown={pressed} onChange={(event) => setText(event.currentTarget.value)} />
      <Group justify="space-between" mt="xs" gap="xs">
        <Text id={note} size="xs" c="dimmed">
          {later > 0 ? `The answer takes the place of this one, and ${count(later, "later question")} will leave the conversation.`
            : "The answer takes the place of this one."}
        </Text>
        <Group gap="xs">
          <Button size="xs" variant="default" onClick={onCancel}>Cancel</Button>
          <Button size="xs" disabled={!words} onClick={() => onEdited(words)}>Ask the edited question</Button>
        </Group>
      </Group>
    </div>
  );
}
