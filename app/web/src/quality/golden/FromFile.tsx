import { useMemo, useState } from "react";
import { Alert, Button, FileInput, Group, List, Radio, Stack, Text, Textarea } from "@mantine/core";
import { IconFile } from "@tabler/icons-react";
import { ProblemShown } from "@/kit/ProblemShown";
import { count } from "@/kit/numbers";
import type { WayProps } from "./AddQuestions";
import { questionsOf } from "./lines";
import { isName, SetName } from "./SetName";
import { addition, useWritten } from "./useWritten";

const EXAMPLE = '{"_id": "q1", "text": "How many days of annual leave do I get?", "answer": "27 days", "documents": ["people/leave.md"]}';
const MOST_BYTES = 32 * 2 ** 20;

/** Takes questions from a file of JSON lines, or pasted. */
export function FromFile({ set, onDone }: WayProps) {
  const [name, setName] = useState(set?.name ?? "");
  const [text, setText] = useState("");
  const [file, setFile] = useState<File | null>(null);
  const [replace, setReplace] = useState(false);
  const [failure, setFailure] = useState<unknown>(null);
  const { questions, faults } = useMemo(() => questionsOf(text), [text]);
  const write = useWritten(onDone);
  const tooLarge = file !== null && file.size > MOST_BYTES;

  async function chosen(next: File | null) {
    setFile(next);
    if (next && next.size <= MOST_BYTES) setText(await next.text());
  }

  async function submit() {
    setFailure(null);
    const note = file ? `imported from ${file.name.slice(0, 200)}` : "imported";
    try {
      const body = replace ? { questions, note, after: set?.version ?? null } : await addition(name, questions, note);
      await write.mutateAsync({ params: { path: { name } }, body });
    } catch (error) {
      setFailure(error);
    }
  }

  return (
    <form onSubmit={(event) => {
      event.preventDefault();
      void submit();
    }}>
      <Stack>
        <SetName value={name} onChange={setName} fixed={set !== null} />
        <FileInput label="File of JSON lines" description="One question a line. A .csv is read by the command attune golden import." placeholder="Choose a .jsonl file" accept=".jsonl,.json,.txt" clearable
          leftSection={<IconFile size={16} aria-hidden />} value={file} onChange={(next) => void chosen(next)} error={tooLarge ? "Larger than 32 MiB" : undefined}
          clearButtonProps={{ "aria-label": "Take the file away" }} />
        {(file === null || tooLarge) && (
          <Textarea label="Or paste lines" placeholder={EXAMPLE} autosize minRows={4} maxRows={12} value={text} onChange={(event) => setText(event.currentTarget.value)} spellCheck={false} />
        )}
        {set !== null && (
          <Radio.Group label="What is there already" value={replace ? "replace" : "add"} onChange={(value) => setReplace(value === "replace")}>
            <Stack gap={6} mt={6}>
              <Radio value="add" label="stays; a question of the same id is replaced" />
              <Radio value="replace" label="goes: the set is these questions from now on (older versions stay)" />
            </Stack>
          </Radio.Group>
        )}
        {faults.length > 0 && (
          <Alert color="red" title="These lines cannot be taken" role="alert"><List size="sm">{faults.map((fault) => <List.Item key={fault} className="breakable">{fault}</List.Item>)}</List></Alert>
        )}
        {failure !== null && <ProblemShown error={failure} />}
        <Group justify="space-between">
          <Text size="sm" c="dimmed" role="status">{text.trim() !== "" && `${count(questions.length, "question")} read`}</Text>
          <Group>
            <Button variant="default" onClick={onDone}>Cancel</Button>
            <Button type="submit" loading={write.isPending} disabled={!isName(name) || questions.length === 0 || faults.length > 0}>Import</Button>
          </Group>
        </Group>
      </Stack>
    </form>
  );
}
