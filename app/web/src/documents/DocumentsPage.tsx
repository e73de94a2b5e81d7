import { useState } from "react";
import { Button, Select, Stack, type ComboboxItem } from "@mantine/core";
import { IconPlus, IconUpload } from "@tabler/icons-react";
import { useNavigate } from "@tanstack/react-router";
import { Empty } from "@/kit/Empty";
import { count } from "@/kit/numbers";
import { Page } from "@/kit/Page";
import { PageTabs, type PageTab } from "@/kit/PageTabs";
import { Shown } from "@/kit/Shown";
import { useRole } from "@/session/session";
import { CollectionAccess } from "./access/CollectionAccess";
import { ALL, useChosen, useCollections, type Collection } from "./collections";
import { FindingsTab } from "./found/FindingsTab";
import { NotTakenIn } from "./found/NotTakenIn";
import { DocumentList } from "./list/DocumentList";
import { NewCollection } from "./NewCollection";
import { RulesTab } from "./rules/RulesTab";
import { SourcesTab } from "./sources/SourcesTab";
import type { Picked } from "./upload/dropped";
import { DropZone } from "./upload/DropZone";
import { UploadForm } from "./upload/UploadForm";
import { UploadsShown } from "./upload/UploadsShown";

/** The documents of a collection, and all that can be done about them. */
export function DocumentsPage() {
  const query = useCollections();
  if (query.data === undefined) return <Page title="Documents"><Shown query={query}>{() => null}</Shown></Page>;
  return <OfCollection collections={query.data.collections} />;
}

function OfCollection({ collections }: { collections: Collection[] }) {
  const { administrator } = useRole();
  const [asksNew, setAsksNew] = useState(false);
  const [picked, setPicked] = useState<Picked[] | null>(null);
  const collection = useChosen(collections);
  const curated = collection?.curated ?? false;
  return (
    <Page title="Documents" description={collection ? `${count(collection.documents, "document")} in ${collection.name} for you to read` : "All that you may read"}
      actions={
        <>
          {administrator && (
            <Button variant="default" leftSection={<IconPlus size={16} aria-hidden />} onClick={() => setAsksNew(true)}>New collection</Button>
          )}
          {curated && <Button leftSection={<IconUpload size={16} aria-hidden />} onClick={() => setPicked([])}>Upload</Button>}
        </>
      }>
      <Chooser collections={collections} chosen={collection} />
      {asksNew && <NewCollection onClose={() => setAsksNew(false)} />}
      {collection && picked && <UploadForm collection={collection.name} files={picked} onFiles={setPicked} onClose={() => setPicked(null)} />}
      <UploadsShown />
      {collection && curated
        ? <PageTabs key={collection.name} label="About this collection" keep={["collection"]} tabs={tabsOf(collection, setPicked)} />
        : <DocumentList key={collection?.name ?? ALL} collection={collection?.name} curated={false}
            empty={<Empty title="There is nothing here for you to read">Ask whoever looks after these documents to let you in.</Empty>} />}
    </Page>
  );
}

function Chooser({ collections, chosen }: { collections: Collection[]; chosen: Collection | undefined }) {
  const navigate = useNavigate();
  if (collections.length < 2 && chosen) return null;
  const choices: ComboboxItem[] = collections.map(({ name, documents }) => ({ value: name, label: `${name} (${documents})` }));
  return (
    <Select label="Collection" w={320} maw="100%" allowDeselect={false} searchable={collections.length > 8} value={chosen?.name ?? ALL}
      data={[{ value: ALL, label: "All that I may read" }, ...choices]}
      onChange={(value) => void navigate({ to: ".", search: { collection: value ?? undefined } })} />
  );
}

function tabsOf(collection: Collection, onPicked: (files: Picked[]) => void): PageTab[] {
  const { name } = collection;
  return [
    { value: "documents", label: "Documents", content: () => (
      <Stack>
        <DropZone onPicked={onPicked} />
        <DocumentList collection={name} curated
          empty={<Empty title="No documents yet">Upload some, or set up a source that they come from by themselves.</Empty>} />
      </Stack>
    ) },
    { value: "failures", label: "Not taken in", content: () => <NotTakenIn collection={name} /> },
    { value: "findings", label: "Findings", content: () => <FindingsTab collection={name} /> },
    { value: "sources", label: "Sources", content: () => <SourcesTab collection={name} /> },
    { value: "access", label: "Who may read", content: () => <CollectionAccess collection={name} /> },
    { value: "rules", label: "Rules", content: () => <RulesTab collection={name} /> },
  ];
}
