import { Alert, Anchor, Group, Text } from "@mantine/core";
import { IconDownload, IconHistory } from "@tabler/icons-react";
import type { Schemas } from "@/api/client";
import { placeOf } from "@/documents/kinds";
import { Link } from "@/kit/Link";
import { When } from "@/kit/When";
import type { Turn } from "../thread";

interface SourceFactsProps {
  source: Turn["citations"][number];
  document: Schemas["OpenedDocumentBody"];
}

/** Where in a document a passage stands, and where that is from. */
export function Facts({ source, document }: SourceFactsProps) {
  const section = source.section.filter((heading, n) => n > 0 || heading !== source.title).join(" > ");
  return (
    <div>
      {section && <Text size="sm" fw={600} className="breakable" dir="auto">{section}</Text>}
      <Text size="sm" c="dimmed" className="breakable">
        {source.page !== null && <>Page {source.page}, </>}
        {source.page === null ? "Revised" : "revised"} <When at={document.revised_at} />. From {placeOf(document.uri)}
      </Text>
    </div>
  );
}

/** Says that the document was changed since it was cited. */
export function OlderRevision({ document }: { document: Pick<Schemas["OpenedDocumentBody"], "id"> }) {
  return (
    <Alert color="yellow" p="xs" icon={<IconHistory aria-hidden />}>
      <Text size="sm">
        This is an older revision: the document was changed since it was cited.{" "}
        <Link to="/documents/$documentId" params={{ documentId: document.id }} search={{ tab: "text" }} size="sm" underline="always">Open the present one</Link>
      </Text>
    </Alert>
  );
}

/** The ways from a passage to its whole document. */
export function ToDocument({ source, document, older }: SourceFactsProps & { older: boolean }) {
  const search = { tab: "text", revision: older ? source.revision_id : undefined, start: String(source.start), end: String(source.end) };
  return (
    <Group gap="md">
      <Link to="/documents/$documentId" params={{ documentId: document.id }} search={search} size="sm">Open the document</Link>
      {document.original && !older && (
        <Anchor href={`/v1/documents/${encodeURIComponent(document.id)}/original`} download size="sm">
          <IconDownload size={14} aria-hidden className="source-icon" /> Download the file
        </Anchor>
      )}
    </Group>
  );
}
