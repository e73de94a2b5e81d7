import { useRef, useState } from "react";
import { ActionIcon, Button, Fieldset, Group, Stack, Text, TextInput } from "@mantine/core";
import { IconPlus, IconX } from "@tabler/icons-react";
import { MAX_QUESTION, MAX_QUESTIONS } from "./given";

interface QuestionFieldsProps {
  questions: readonly string[];
  onChange: (questions: string[]) => void;
}

/** Rows of questions with which one may begin. */
export function QuestionFields({ questions, onChange }: QuestionFieldsProps) {
  // The row that was just added is typed into; those that were there leave the focus where it is.
  const [added, setAdded] = useState<number | null>(null);
  const adding = useRef<HTMLButtonElement>(null);

  function remove(at: number) {
    setAdded(null);
    onChange(questions.filter((_, n) => n !== at));
    setTimeout(() => adding.current?.focus()); // it may have been disabled until the row is gone
  }

  return (
    <Fieldset legend={<Text span size="sm" fw={600}>First questions</Text>} variant="unstyled" className="assistant-questions">
      <Stack gap="xs" align="stretch">
        <Text size="xs" c="dimmed">Shown when somebody begins, to be asked by one press. Up to {MAX_QUESTIONS}.</Text>
        {questions.map((question, at) => (
          // oxlint-disable-next-line react/no-array-index-key -- rows of a form have no name of their own, and keep nothing
          <Group key={at} gap="xs" wrap="nowrap">
            <TextInput aria-label={`First question ${at + 1}`} value={question} maxLength={MAX_QUESTION} flex={1} dir="auto" autoFocus={at === added}
              placeholder="Who approves leave?" onChange={({ currentTarget }) => onChange(questions.map((one, n) => (n === at ? currentTarget.value : one)))} />
            <ActionIcon variant="subtle" color="gray" size="lg" aria-label={`Remove first question ${at + 1}`} onClick={() => remove(at)}><IconX size={16} aria-hidden /></ActionIcon>
          </Group>
        ))}
        <Group>
          <Button ref={adding} size="xs" variant="default" leftSection={<IconPlus size={14} aria-hidden />} disabled={questions.length >= MAX_QUESTIONS}
            onClick={() => { setAdded(questions.length); onChange([...questions, ""]); }}>Add a question</Button>
        </Group>
      </Stack>
    </Fieldset>
  );
}
