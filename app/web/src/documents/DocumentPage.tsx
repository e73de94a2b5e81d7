import { Alert, Text } from "@mantine/core";
import { useParams, useSearch } from "@tanstack/react-router";
import { Problem, queries, type Schemas } from "@/api/client";
import { Link } from "@/kit/Link";
import { Page } from "@/kit/Page";
import { PageTabs, type PageTab } from "@/kit/PageTabs";
import { Loading, Shown } from "@/kit/Shown";
import { When } from "@/kit/When";
import { useRole } from "@/session/session";
import { useCurates } from "./collections";
import { AccessTab } from "./one/AccessTab";
import { ChunksTab } from "./one/ChunksTab";
import { FoundTab } from "./one/FoundTab";
import { Deletion, DocumentActions, Facts } from "./one/Head";
import { PagesTab } from "./one/PagesTab";
import { placeIn, type Place } from "./one/place";
import { RevisionsTab } from "./one/RevisionsTab";
import { TextTab } from "./one/TextTab";
import { UploadsShown } from "./upload/UploadsShown";

type Opened = Schemas["OpenedDocumentBody"];

/** One document: its text, its pages, what was found in it, who may read it. */
export function DocumentPage() {
  const { documentId = "" } = useParams({ strict: false });
  const given: Record<string, string | undefined> = useSearch({ strict: false });
  const { curator } = useRole();
  const revision = given["revision"];
  const query = queries.useQuery("get", "/v1/documents/{document_id}", { params: { path: { document_id: documentId }, query: { revision } } });
  const above = <Link to="/documents" search={{ collection: query.data?.collection }} size="sm">Documents</Link>;
  const missing = query.error instanceof Problem && query.error.status === 404;
  if (query.data) return <OpenedPage key={documentId} document={query.data} revision={revision} place={placeIn(given)} above={above} />;
  if (missing && curator && !revision) return <Unread documentId={documentId} />;
  return <Page title={missing ? "There is no such document" : "Document"} above={above}><Shown query={query}>{() => null}</Shown></Page>;
}

interface OpenedPageProps {
  document: Opened;
  /** The one that the address names; the live one when it names none. */
  revision: string | undefined;
  place: Place | null;
  above: React.ReactNode;
}

function OpenedPage({ document, revision, place, above }: OpenedPageProps) {
  const curated = useCurates(document.collection);
  const present = usePresent(document.id, revision);
  const live = revision === undefined || document.revision_id === present;
  return (
    <Page title={document.title} above={above} actions={<DocumentActions document={document} curated={curated} live={live} />}>
      <UploadsShown />
      {!live && (
        <Alert color="yellow" title={`This is revision ${document.revision}, which is not the present one`}>
          <Text size="sm">It was taken in <When at={document.revised_at} />. <Link to="/documents/$documentId" params={{ documentId: document.id }} size="sm" underline="always">Show the present one</Link></Text>
        </Alert>
      )}
      <Facts document={document} curated={curated} />
      <PageTabs label="About this document" keep={KEPT} tabs={tabsOf({ document, curated, live, place })} />
    </Page>
  );
}

const KEPT = ["revision"];

function usePresent(documentId: string, revision: string | undefined): string | undefined {
  const { data } = queries.useQuery("get", "/v1/documents/{document_id}", { params: { path: { document_id: documentId }, query: { revision: undefined } } }, { enabled: revision !== undefined });
  return data?.revision_id;
}

interface Parts {
  document: Opened;
  curated: boolean;
  live: boolean;
  place: Place | null;
}

function tabsOf({ document, curated, live, place }: Parts): PageTab[] {
  const { id, revision_id, pages } = document;
  const sought = `${revision_id} ${place?.start}`;
  const tabs: PageTab[] = [{ value: "text", label: "Text", content: () => <TextTab key={sought} document={document} live={live} place={place} /> }];
  if (pages !== null && pages > 0) tabs.push({ value: "pages", label: "Pages", content: () => <PagesTab key={sought} document={document} pages={pages} place={place} /> });
  tabs.push({ value: "chunks", label: "Chunks", content: () => <ChunksTab document={document} /> });
  tabs.push({ value: "revisions", label: "Revisions", content: () => <RevisionsTab documentId={id} shown={revision_id} /> });
  if (live) tabs.push({ value: "findings", label: "Findings", content: () => <FoundTab documentId={id} /> });
  if (curated) tabs.push({ value: "access", label: "Who may read", content: () => <AccessTab documentId={id} /> });
  return tabs;
}

/** What is not there, or may not be read: whoever looks after it may still say who reads it. */
function Unread({ documentId }: { documentId: string }) {
  const query = queries.useQuery("get", "/v1/documents/{document_id}/access", { params: { path: { document_id: documentId } } });
  if (query.isPending) return <Page title="Document"><Loading /></Page>;
  const above = <Link to="/documents" size="sm">Documents</Link>;
  if (query.isError) return <Page title="There is no such document" above={above}><Shown query={query}>{() => null}</Shown></Page>;
  return (
    <Page title="A document that you may not read" above={above} actions={<Deletion documentId={documentId} title="this document" />}
      description="You look after its collection, but are not among its readers. Whoever lets themselves in stands in the audit log with it.">
      <AccessTab documentId={documentId} />
    </Page>
  );
}
