import { useState } from "react";
import { Button, Group, Modal, Stack } from "@mantine/core";
import { queries } from "@/api/client";
import { refresh } from "@/api/queryClient";
import { Failure } from "@/kit/Failure";
import { MetadataFields } from "../MetadataFields";
import { metadataOf, metadataProblem, pairsOf } from "../metadata";

interface MetadataEditProps {
  documentId: string;
  metadata: Record<string, string>;
  onClose: () => void;
}

/** Changes the metadata of a document. */
export function MetadataEdit({ documentId, metadata, onClose }: MetadataEditProps) {
  const [pairs, setPairs] = useState(() => pairsOf(metadata));
  const save = queries.useMutation("put", "/v1/documents/{document_id}/metadata", {
    meta: { quiet: true },
    onSuccess: async () => {
      await refresh("/v1/documents");
      onClose();
    },
  });
  return (
    <Modal opened onClose={onClose} title="Metadata" size="lg">
      <Stack>
        <MetadataFields value={pairs} onChange={setPairs} />
        <Failure error={save.error} />
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>Cancel</Button>
          <Button loading={save.isPending} disabled={metadataProblem(pairs) !== null}
            onClick={() => save.mutate({ params: { path: { document_id: documentId } }, body: { metadata: metadataOf(pairs) } })}>Save</Button>
        </Group>
      </Stack>
    </Modal>
  );
}
