import { useState } from "react";
import { Button, Group, NumberInput, Select, Stack, Text } from "@mantine/core";
import { queries } from "@/api/client";
import { refresh } from "@/api/queryClient";
import type { WayProps } from "./AddQuestions";
import { Drafted } from "./Drafted";
import { isName, SetName } from "./SetName";

const EVERYWHERE = "all collections";

/** Has questions made of headings, or worded by the language model; each is to be reviewed. */
export function FromDocuments({ set, onDone }: WayProps) {
  const [name, setName] = useState(set?.name ?? "");
  const [limit, setLimit] = useState(50);
  const [collection, setCollection] = useState(EVERYWHERE);
  const collections = queries.useQuery("get", "/v1/collections");
  const draft = queries.useMutation("post", "/v1/golden-sets/{name}/drafts", { onSuccess: () => refresh("/v1/golden-sets") });
  if (draft.data) return <Drafted made={draft.data} onDone={onDone} />;
  return (
    <form onSubmit={(event) => {
      event.preventDefault();
      draft.mutate({ params: { path: { name } }, body: { limit, collection: collection === EVERYWHERE ? null : collection } });
    }}>
      <Stack>
        <Text size="sm">
          Questions are made of what you may read, each with its document and the sentence that answers it. They are drafts: nothing is measured with them until somebody approved them.
        </Text>
        <SetName value={name} onChange={setName} fixed={set !== null} />
        <Group grow align="flex-end">
          <NumberInput label="At most" min={1} max={500} clampBehavior="strict" allowDecimal={false} suffix=" questions" value={limit}
            onChange={(value) => setLimit(Number(value) || 1)} />
          <Select label="From" allowDeselect={false} value={collection} onChange={(value) => setCollection(value ?? EVERYWHERE)}
            data={[EVERYWHERE, ...(collections.data?.collections.map((one) => one.name) ?? [])]} />
        </Group>
        <Group justify="flex-end">
          <Button variant="default" onClick={onDone}>Cancel</Button>
          <Button type="submit" loading={draft.isPending} disabled={!isName(name)}>Draft questions</Button>
        </Group>
      </Stack>
    </form>
  );
}
