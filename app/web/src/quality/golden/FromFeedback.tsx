import { useState } from "react";
import { Button, Group, Stack, Text } from "@mantine/core";
import { queries } from "@/api/client";
import { refresh } from "@/api/queryClient";
import type { WayProps } from "./AddQuestions";
import { Drafted } from "./Drafted";
import { isName, SetName } from "./SetName";

/** Makes a question of each correction that was approved and is not in the set yet. */
export function FromFeedback({ set, onDone }: WayProps) {
  const [name, setName] = useState(set?.name ?? "");
  const take = queries.useMutation("post", "/v1/golden-sets/{name}/feedback", { onSuccess: () => refresh("/v1/golden-sets") });
  if (take.data) return <Drafted made={take.data} onDone={onDone} />;
  return (
    <form onSubmit={(event) => {
      event.preventDefault();
      take.mutate({ params: { path: { name } } });
    }}>
      <Stack>
        <Text size="sm">
          People correct answers, and somebody approves the corrections. Each that was approved and stands on documents you may read becomes a question.
        </Text>
        <SetName value={name} onChange={setName} fixed={set !== null} />
        <Group justify="flex-end">
          <Button variant="default" onClick={onDone}>Cancel</Button>
          <Button type="submit" loading={take.isPending} disabled={!isName(name)}>Take corrections</Button>
        </Group>
      </Stack>
    </form>
  );
}
