import { useState } from "react";
import { Button, Group, Modal, Paper, Stack, Text } from "@mantine/core";
import { IconLock, IconTrash } from "@tabler/icons-react";
import { notifications } from "@mantine/notifications";
import { api, Problem } from "@/api/client";
import { refresh } from "@/api/queryClient";
import { Confirmed } from "@/kit/Confirmed";
import { count } from "@/kit/numbers";
import type { Access } from "../access/access";
import { AccessChoice } from "../access/AccessChoice";
import type { Listed } from "./useDocuments";

/** What can be done with the documents that are selected. */
export function Selected({ documents, onDone }: { documents: Listed[]; onDone: () => void }) {
  const [asksAccess, setAsksAccess] = useState(false);
  if (documents.length === 0) return null;
  const what = count(documents.length, "document");
  return (
    <Paper withBorder p="xs">
      <Group justify="space-between">
        <Text size="sm" role="status">{what} selected</Text>
        <Group gap="xs">
          <Button size="xs" variant="default" leftSection={<IconLock size={14} aria-hidden />} onClick={() => setAsksAccess(true)}>Say who may read</Button>
          <Confirmed size="xs" color="red" variant="light" leftSection={<IconTrash size={14} aria-hidden />} label={`Delete ${what}`} question={`Delete ${what}?`}
            verb={`Delete ${what}`} consequence="They are gone from every answer at once, with all their revisions and files. This cannot be undone. What comes from a source returns with its next sync, as long as it is there."
            onConfirm={async () => {
              await eachOf(documents, ({ id }) => api.DELETE("/v1/documents/{document_id}", { params: { path: { document_id: id } } }));
              onDone();
            }} />
        </Group>
      </Group>
      {asksAccess && <AccessOfMany documents={documents} onClose={() => setAsksAccess(false)} onDone={onDone} />}
    </Paper>
  );
}

function AccessOfMany({ documents, onClose, onDone }: { documents: Listed[]; onClose: () => void; onDone: () => void }) {
  const [access, setAccess] = useState<Access>("everyone");
  const [busy, setBusy] = useState(false);
  const [failure, setFailure] = useState("");

  async function save() {
    setBusy(true);
    setFailure("");
    try {
      await eachOf(documents, ({ id, access_version }) =>
        api.PUT("/v1/documents/{document_id}/access", { params: { path: { document_id: id } }, body: { access, version: access_version ?? 0 } }));
      notifications.show({ message: `${count(documents.length, "list")} set.` });
      onClose();
      onDone();
    } catch (error) {
      setFailure(error instanceof Error ? error.message : String(error));
    } finally {
      setBusy(false);
    }
  }

  return (
    <Modal opened onClose={onClose} title={`Who may read ${count(documents.length, "document")}`}>
      <Stack>
        <AccessChoice label="Who may read them" value={access} onChange={setAccess} />
        <Text size="sm" c="dimmed">This holds from the next question on. Later uploads and syncs leave a list that was set by hand as it is.</Text>
        {failure && <Text size="sm" c="red" role="alert">{failure}</Text>}
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>Cancel</Button>
          <Button loading={busy} disabled={Array.isArray(access) && access.length === 0} onClick={() => void save()}>Set</Button>
        </Group>
      </Stack>
    </Modal>
  );
}

// One after the other; what fails is told at the end, and the rest is done all the same.
async function eachOf(documents: Listed[], act: (document: Listed) => Promise<unknown>): Promise<void> {
  const failures: string[] = [];
  for (const document of documents) {
    try {
      await act(document);
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      const reason = error.status === 409 ? "somebody changed it meanwhile; look at it again" : error.message;
      failures.push(`${document.title}: ${reason}`);
    }
  }
  await refresh("/v1/documents", "/v1/collections");
  if (failures.length > 0) throw new Error(`${documents.length - failures.length} of ${documents.length} done. ${failures.slice(0, 5).join(" ")}`);
}
