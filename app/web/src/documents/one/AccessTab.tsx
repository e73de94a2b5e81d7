import { useState } from "react";
import { Alert, Button, Group, Paper, Stack, Text, Title } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { api, Problem, queries, type Schemas } from "@/api/client";
import { refresh } from "@/api/queryClient";
import { Failure } from "@/kit/Failure";
import { Shown } from "@/kit/Shown";
import { accessInWords, accessOf } from "../access/access";
import { AccessChoice } from "../access/AccessChoice";
import { useNames } from "../access/PeoplePicker";

/** Who may read a document; for whoever looks after its collection. */
export function AccessTab({ documentId }: { documentId: string }) {
  const [stale, setStale] = useState(false);
  const query = queries.useQuery("get", "/v1/documents/{document_id}/access", { params: { path: { document_id: documentId } } });
  return (
    <Shown query={query}>
      {(kept) => (
        <Stack maw={720}>
          {stale && <Alert color="yellow" title="Somebody changed this list meanwhile" role="alert">Nothing of yours was saved. Here is the list as it is now; look at it, and set it again.</Alert>}
          <List key={kept.version} documentId={documentId} kept={kept} onStale={setStale} />
        </Stack>
      )}
    </Shown>
  );
}

interface ListProps {
  documentId: string;
  kept: Schemas["AccessBody"];
  onStale: (stale: boolean) => void;
}

function List({ documentId, kept, onStale }: ListProps) {
  const [access, setAccess] = useState(accessOf(kept.access));
  const [busy, setBusy] = useState(false);
  const [failure, setFailure] = useState<unknown>(null);
  const path = { document_id: documentId };

  async function act(change: () => Promise<unknown>) {
    setBusy(true);
    setFailure(null);
    onStale(false);
    try {
      await change();
      notifications.show({ message: "Set. It holds from the next question on." });
    } catch (error) {
      if (error instanceof Problem && error.status === 409) onStale(true);
      else setFailure(error);
    } finally {
      setBusy(false);
      await refresh("/v1/documents");
    }
  }

  return (
    <Paper withBorder p="md">
      <Stack>
        <Title order={2} size="h4">Who may read it</Title>
        <Text size="sm">Now: {accessInWords(kept.access, kept.names)}. <SetBy by={kept.set_by} /></Text>
        <AccessChoice label="Readers" description="They must be among the readers of the collection as well." value={access} onChange={setAccess} />
        <Failure error={failure} />
        <Group>
          <Button loading={busy} disabled={Array.isArray(access) && access.length === 0}
            onClick={() => void act(() => api.PUT("/v1/documents/{document_id}/access", { params: { path }, body: { access, version: kept.version } }))}>Save</Button>
          {kept.set_by !== null && (
            <Button variant="default" loading={busy}
              onClick={() => void act(() => api.DELETE("/v1/documents/{document_id}/access", { params: { path, query: { version: kept.version } } }))}>
              Leave it to source and uploads
            </Button>
          )}
        </Group>
      </Stack>
    </Paper>
  );
}

function SetBy({ by }: { by: string | null }) {
  const key = by === null ? [] : [by.startsWith("u:") ? by : `u:${by}`];
  const names = useNames(key);
  if (by === null) return <>Its source and its uploads say so.</>;
  const entry = key[0] ? names.get(key[0]) : undefined;
  return <>Set by hand{entry ? ` by ${entry.display_name || entry.name}` : ""}; source and uploads leave it as it is.</>;
}
