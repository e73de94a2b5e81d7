import { Alert, Paper, Text, Title } from "@mantine/core";
import { IconCheck } from "@tabler/icons-react";
import { queries } from "@/api/client";
import { Confirmed } from "@/kit/Confirmed";
import { bytes } from "@/kit/numbers";

/** Makes what was deleted unreadable on disk. */
export function Compaction() {
  const compact = queries.useMutation("post", "/v1/doctor/compaction", { meta: { quiet: true } });
  const freed = compact.data?.freed_bytes;
  return (
    <Paper withBorder p="md">
      <Title order={2} size="h4">Make deletions final</Title>
      <Text size="sm" c="dimmed" mb="sm" maw={720}>
        A deleted document is out of every answer at once, but its bytes may stay on disk until they are written over. This finishes deletions and writes the files anew.
        It reaches no backups, and no golden sets or evaluations that quote the document.
      </Text>
      <Confirmed label="Make deletions final" variant="default" question="Write the catalog anew?" verb="Write it anew"
        consequence="Questions go on meanwhile; changes wait, about a second for 200 MB. As much free disk as the catalog and the index take is needed."
        onConfirm={() => compact.mutateAsync({})} />
      {freed !== undefined && (
        <Alert mt="sm" color="green" icon={<IconCheck aria-hidden />} role="status" title="Nothing that was deleted lies in the catalog any more">
          <Text size="sm">{freed > 0 ? `The file is ${bytes(freed)} smaller.` : "The file was full already, so it is no smaller."}</Text>
        </Alert>
      )}
    </Paper>
  );
}
