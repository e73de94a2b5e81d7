import { useState, type ReactNode } from "react";
import { ActionIcon, Badge, Button, Group, Text, Tooltip } from "@mantine/core";
import { IconDownload, IconEdit, IconTrash } from "@tabler/icons-react";
import { useNavigate } from "@tanstack/react-router";
import { api, queries, type Schemas } from "@/api/client";
import { refresh } from "@/api/queryClient";
import { Confirmed } from "@/kit/Confirmed";
import { Link } from "@/kit/Link";
import { bytes, grouped } from "@/kit/numbers";
import { When } from "@/kit/When";
import { accessInWords } from "../access/access";
import { kindOf, placeOf } from "../kinds";
import { MetadataEdit } from "./MetadataEdit";
import { NewRevision } from "./NewRevision";

type Opened = Schemas["OpenedDocumentBody"];

/** What can be done with a document. */
export function DocumentActions({ document, curated, live }: { document: Opened; curated: boolean; live: boolean }) {
  return (
    <>
      {document.original && live && (
        <Button component="a" variant="default" leftSection={<IconDownload size={16} aria-hidden />} download
          href={`/v1/documents/${encodeURIComponent(document.id)}/original`}>Download</Button>
      )}
      {curated && live && <NewRevision document={document} />}
      {curated && <Deletion documentId={document.id} title={document.title} collection={document.collection} />}
    </>
  );
}

export function Deletion({ documentId, title, collection }: { documentId: string; title: string; collection?: string }) {
  const navigate = useNavigate();

  async function remove() {
    await api.DELETE("/v1/documents/{document_id}", { params: { path: { document_id: documentId } } });
    await navigate({ to: "/documents", search: { collection } });
    await refresh("/v1/documents", "/v1/collections");
  }

  return (
    <Confirmed variant="light" color="red" leftSection={<IconTrash size={16} aria-hidden />} label="Delete" question={`Delete ${title}?`} verb="Delete it" onConfirm={remove}
      consequence="It is gone from every answer at once, with all its revisions and its file. This cannot be undone. What comes from a source returns with its next sync, as long as it is there." />
  );
}

/** Where a document comes from, when, and who may read it. */
export function Facts({ document, curated }: { document: Opened; curated: boolean }) {
  const [edits, setEdits] = useState(false);
  const metadata = Object.entries(document.metadata);
  return (
    <dl className="facts">
      <Fact name="From">
        <Text span size="sm" className="breakable">{placeOf(document.uri)}</Text>
        {document.source_id && curated && <> (<Link to="/sources/$sourceId" params={{ sourceId: document.source_id }} size="sm" underline="always">source</Link>)</>}
      </Fact>
      <Fact name="Collection"><Link to="/documents" search={{ collection: document.collection }} size="sm">{document.collection}</Link></Fact>
      <Fact name="Kind">{kindOf(document.media_type)}, {bytes(document.size_bytes)}{document.pages !== null && `, ${grouped(document.pages)} ${document.pages === 1 ? "page" : "pages"}`}</Fact>
      <Fact name="Revision">{document.revision}, taken in <When at={document.revised_at} /></Fact>
      {curated && <Fact name="Who may read"><Readers documentId={document.id} /></Fact>}
      {(metadata.length > 0 || curated) && (
        <Fact name="Metadata">
          <Group gap={6}>
            {metadata.map(([name, value]) => <Badge key={name} variant="default" className="state breakable" title={`${name}: ${value}`} maw="100%">{name}: {value}</Badge>)}
            {metadata.length === 0 && <Text span size="sm" c="dimmed">none</Text>}
            {curated && (
              <Tooltip label="Change the metadata">
                <ActionIcon variant="subtle" color="gray" size="sm" aria-label="Change the metadata" onClick={() => setEdits(true)}><IconEdit size={14} aria-hidden /></ActionIcon>
              </Tooltip>
            )}
          </Group>
        </Fact>
      )}
      {edits && <MetadataEdit documentId={document.id} metadata={document.metadata} onClose={() => setEdits(false)} />}
    </dl>
  );
}

function Readers({ documentId }: { documentId: string }) {
  const { data } = queries.useQuery("get", "/v1/documents/{document_id}/access", { params: { path: { document_id: documentId } } });
  return <Link to="/documents/$documentId" params={{ documentId }} search={{ tab: "access" }} size="sm">{data ? accessInWords(data.access, data.names) : "..."}</Link>;
}

function Fact({ name, children }: { name: string; children: ReactNode }) {
  return <><dt>{name}</dt><dd>{children}</dd></>;
}
