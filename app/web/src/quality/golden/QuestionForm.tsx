import { useState } from "react";
import { Button, Checkbox, Group, Stack, TagsInput, Text, Textarea } from "@mantine/core";
import { isTag, type Fields } from "./edited";

interface QuestionFormProps {
  question: Fields;
  verb: string;
  busy: boolean;
  disabled?: boolean;
  /** Answer and evidence are kept but not shown: of documents that the reader may not open. */
  withheld: boolean;
  onSave: (fields: Fields) => unknown;
  onCancel: () => void;
}

/** The fields of a question. */
export function QuestionForm({ question, verb, busy, disabled, withheld, onSave, onCancel }: QuestionFormProps) {
  const [fields, setFields] = useState(question);
  const change = (changed: Partial<Fields>) => setFields((now) => ({ ...now, ...changed }));
  const odd = fields.tags.filter((tag) => !isTag(tag));
  return (
    <form onSubmit={(event) => {
      event.preventDefault();
      onSave(fields);
    }}>
      <Stack gap="sm">
        <Textarea label="Question" required maxLength={4000} autosize minRows={1} maxRows={8} autoFocus data-autofocus dir="auto" value={fields.text}
          onChange={(event) => change({ text: event.currentTarget.value })} />
        {withheld && <Text size="sm" c="dimmed">Answer and evidence are kept, but of documents that you may not read, so they are not shown. They stay as they are.</Text>}
        {!withheld && (
          <>
            <Textarea label="Answer" description="What a good answer says." maxLength={20_000} autosize minRows={1} maxRows={8} dir="auto" value={fields.answer}
              onChange={(event) => change({ answer: event.currentTarget.value })} />
            <Textarea label="Evidence" description="The sentence of a document that answers it, word for word." maxLength={20_000} autosize minRows={1} maxRows={8} dir="auto"
              value={fields.evidence} onChange={(event) => change({ evidence: event.currentTarget.value })} />
          </>
        )}
        <TagsInput label="Documents" description="What answers it, by name or the end of the path, such as people/leave.md. Press Enter after each." value={fields.documents}
          acceptValueOnBlur onChange={(documents) => change({ documents })} maxTags={10_000} splitChars={["\n"]} />
        <TagsInput label="Tags" description="Groups to measure by, such as department: HR. Press Enter after each." value={fields.tags} acceptValueOnBlur maxTags={100}
          onChange={(tags) => change({ tags })} error={odd.length > 0 ? `Write a name and a value: "${odd[0]}" has only one` : undefined} />
        <Checkbox label="The documents hold no answer: saying so is right" checked={!fields.answerable} onChange={(event) => change({ answerable: !event.currentTarget.checked })} />
        <Group justify="flex-end">
          <Button variant="default" onClick={onCancel}>Cancel</Button>
          <Button type="submit" loading={busy} disabled={disabled || fields.text.trim() === "" || odd.length > 0}>{verb}</Button>
        </Group>
      </Stack>
    </form>
  );
}
