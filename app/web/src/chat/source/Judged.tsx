import { Button, Group, Text } from "@mantine/core";
import { IconCheck, IconX } from "@tabler/icons-react";
import { withChunk } from "../feedback/said";
import { useSaid } from "../feedback/useSaid";
import type { Turn } from "../thread";

/** Say of a source that it is the right or the wrong one; a second press takes it back. */
export function Judged({ turn, source }: { turn: Turn; source: Turn["citations"][number] }) {
  const { said, give, failure } = useSaid(turn.conversation_id ?? "", turn);
  const chunk = source.chunk_id;
  const isRight = said.rightChunks.includes(chunk);
  const isWrong = said.wrongChunks.includes(chunk);
  return (
    <div>
      <Group gap="xs">
        <Button size="compact-sm" variant={isRight ? "light" : "default"} color="green" aria-pressed={isRight} leftSection={<IconCheck size={14} aria-hidden />}
          onClick={() => void give(withChunk(said, chunk, "right"))}>This source is right</Button>
        <Button size="compact-sm" variant={isWrong ? "light" : "default"} color="red" aria-pressed={isWrong} leftSection={<IconX size={14} aria-hidden />}
          onClick={() => void give(withChunk(said, chunk, "wrong"))}>This source is wrong</Button>
      </Group>
      {failure && <Text size="sm" c="red" role="alert">{failure}</Text>}
    </div>
  );
}
