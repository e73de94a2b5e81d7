import { useState } from "react";
import { Alert, Button, Group, Paper, Stack, Text, Title } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { api, Problem, queries, type Schemas } from "@/api/client";
import { refresh } from "@/api/queryClient";
import { Failure } from "@/kit/Failure";
import { Shown } from "@/kit/Shown";
import { accessOf } from "./access";
import { AccessChoice } from "./AccessChoice";
import { PeoplePicker } from "./PeoplePicker";

/** Who may read a collection, and who looks after it. */
export function CollectionAccess({ collection }: { collection: string }) {
  const [stale, setStale] = useState(false);
  const query = queries.useQuery("get", "/v1/collections/{name}/access", { params: { path: { name: collection } } });
  return (
    <Shown query={query}>
      {(lists) => (
        <Stack maw={720}>
          {stale && <Alert color="yellow" title="Somebody changed these lists meanwhile" role="alert">Nothing of yours was saved. Here they are as they are now; look at them, and set them again.</Alert>}
          <Lists key={lists.version} collection={collection} lists={lists} onStale={setStale} />
        </Stack>
      )}
    </Shown>
  );
}

interface ListsProps {
  collection: string;
  lists: Schemas["CollectionAccessBody"];
  onStale: (stale: boolean) => void;
}

function Lists({ collection, lists, onStale }: ListsProps) {
  const [readers, setReaders] = useState(accessOf(lists.readers));
  const [curators, setCurators] = useState(lists.curators);
  const [busy, setBusy] = useState(false);
  const [failure, setFailure] = useState<unknown>(null);

  async function save() {
    setBusy(true);
    setFailure(null);
    onStale(false);
    try {
      await api.PUT("/v1/collections/{name}/access", { params: { path: { name: collection } }, body: { readers, curators, version: lists.version } });
      notifications.show({ message: "Set. It holds from the next question on." });
      await refresh("/v1/collections", "/v1/session");
    } catch (error) {
      if (!(error instanceof Problem && error.status === 409)) return setFailure(error);
      onStale(true);
      await refresh("/v1/collections/{name}/access");
    } finally {
      setBusy(false);
    }
  }

  return (
    <Paper withBorder p="md">
      <Stack>
        <Title order={2} size="h4">Who may read {collection}</Title>
        <Text size="sm" c="dimmed">
          A document is read by who stands in both lists: this one, and the document&apos;s own. To shut the whole collection, this list is enough.
        </Text>
        <AccessChoice label="Readers" value={readers} onChange={setReaders} everyone="Everyone who can sign in" />
        <PeoplePicker label="Curators" value={curators} onChange={setCurators}
          description="They upload, delete, say who may read and see what was found; that alone does not let them read. Administrators may do the same everywhere." />
        <Failure error={failure} />
        <Group>
          <Button loading={busy} disabled={Array.isArray(readers) && readers.length === 0} onClick={() => void save()}>Save</Button>
        </Group>
      </Stack>
    </Paper>
  );
}
