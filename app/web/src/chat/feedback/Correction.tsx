import { useState } from "react";
import { Alert, Button, Checkbox, Group, Modal, Stack, Text, Textarea } from "@mantine/core";
import { sourcesOf, whereOf, withoutMarks } from "../answer/words";
import type { Turn } from "../thread";
import type { Said } from "./said";

interface CorrectionProps {
  turn: Turn;
  said: Said;
  give: (said: Said) => Promise<boolean>;
  failure: string;
  onClose: () => void;
}

const MOST_CHARS = 8_000;

/** A dialog to say what the answer should have been, and where that stands. */
export function Correction({ turn, said, give, failure, onClose }: CorrectionProps) {
  const begun = said.answer || (turn.abstained ? "" : withoutMarks(turn.answer));
  const [answer, setAnswer] = useState(begun);
  const [evidence, setEvidence] = useState(said.evidence);
  const [right, setRight] = useState<readonly string[]>(said.rightChunks);
  const [busy, setBusy] = useState(false);
  const sources = [...new Map(sourcesOf(turn).filter(({ available }) => available).map((one) => [one.chunk_id, one])).values()];
  // Who leaves the words as they are says where they stand, and corrects nothing.
  const words = said.answer === "" && answer.trim() === withoutMarks(turn.answer) ? "" : answer.trim();
  const isNew = words !== said.answer || evidence.trim() !== said.evidence || right.join() !== said.rightChunks.join();

  async function save(correction: string, proof: string) {
    setBusy(true);
    const wrongChunks = said.wrongChunks.filter((chunk) => !right.includes(chunk));
    const kept = await give({ ...said, answer: correction, evidence: proof, rightChunks: right, wrongChunks });
    setBusy(false);
    if (kept) onClose();
  }

  return (
    <Modal opened onClose={onClose} title="Correct the answer" size="lg">
      <form onSubmit={(event) => { event.preventDefault(); void save(words, evidence.trim()); }}>
        <Stack gap="md">
          <Text size="sm" c="dimmed">
            Your correction waits until somebody who looks after the documents approves it. From then on it is found by whoever may read its sources.
          </Text>
          <Textarea label="The right answer" data-autofocus autosize minRows={4} maxRows={14} maxLength={MOST_CHARS} value={answer}
            onChange={(event) => setAnswer(event.currentTarget.value)} />
          {sources.length > 0 && (
            <Checkbox.Group label="Which of these hold the right answer?" value={[...right]} onChange={setRight}>
              <Stack gap="xs" mt="xs">
                {sources.map((source) => (
                  <Checkbox key={source.chunk_id} value={source.chunk_id} label={whereOf(source)} description={source.quote.slice(0, 160)} />
                ))}
              </Stack>
            </Checkbox.Group>
          )}
          <Textarea label="A sentence of a document that says so" description="Copied word for word, if you have it at hand." autosize minRows={2} maxRows={8}
            maxLength={MOST_CHARS} value={evidence} onChange={(event) => setEvidence(event.currentTarget.value)} />
          {failure && <Alert color="red" role="alert">{failure}</Alert>}
          <Group justify="flex-end">
            {said.answer && <Button variant="subtle" color="red" mr="auto" disabled={busy} onClick={() => void save("", "")}>Take it back</Button>}
            <Button variant="default" onClick={onClose}>Cancel</Button>
            <Button type="submit" loading={busy} disabled={!isNew}>Keep the correction</Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
