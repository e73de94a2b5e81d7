import { useState } from "react";
import { Button, Group, Paper, Stack, Text, Textarea, Title } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { queries } from "@/api/client";
import { refresh } from "@/api/queryClient";
import { Failure } from "@/kit/Failure";
import { count } from "@/kit/numbers";

/** Whose names count as personal data. The list is never shown again: it is personal data itself. */
export function NamesForm({ collection, known }: { collection: string; known: number }) {
  const [names, setNames] = useState("");
  const save = queries.useMutation("put", "/v1/collections/{name}/names", {
    meta: { quiet: true },
    onSuccess: async (policy) => {
      notifications.show({ message: `${count(policy.names, "name is", "names are")} looked for from now on.` });
      setNames("");
      await refresh("/v1/collections/{name}/policy");
    },
  });
  const said = known === 0 ? "Without a list no names are found." : `${count(known, "name is", "names are")} looked for; a new list takes their place.`;
  const params = { path: { name: collection } };
  return (
    <Paper withBorder p="md" component="section">
      <Stack>
        <div>
          <Title order={2} size="h4">Names of people</Title>
          <Text size="sm" c="dimmed">{said}</Text>
        </div>
        <Textarea label="New list" description="One person a line, other spellings after commas. The list is not shown again." autosize minRows={3} maxRows={12} value={names}
          placeholder="Anna Berg, A. Berg" onChange={({ currentTarget }) => setNames(currentTarget.value)} />
        <Failure error={save.error} />
        <Group>
          <Button disabled={!names.trim()} loading={save.isPending} onClick={() => save.mutate({ params, body: { names } })}>Set the list</Button>
          {known > 0 && <Button variant="default" loading={save.isPending} onClick={() => save.mutate({ params, body: { names: "" } })}>Look for no names</Button>}
        </Group>
      </Stack>
    </Paper>
  );
}
