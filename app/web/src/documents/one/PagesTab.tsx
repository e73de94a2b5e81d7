import { useState } from "react";
import { Button, Group, NumberInput, Stack, Text, VisuallyHidden } from "@mantine/core";
import { IconChevronLeft, IconChevronRight } from "@tabler/icons-react";
import { queries, type Schemas } from "@/api/client";
import { grouped } from "@/kit/numbers";
import type { Place } from "./place";

type Highlight = Schemas["HighlightBody"];

interface PagesTabProps {
  document: Schemas["OpenedDocumentBody"];
  pages: number;
  place: Place | null;
}

/** The pages of a document as pictures, one at a time, with what is sought marked on them. */
export function PagesTab({ document, pages, place }: PagesTabProps) {
  const highlights = queries.useQuery("get", "/v1/documents/{document_id}/highlights",
    { params: { path: { document_id: document.id }, query: { start: place?.start ?? 0, end: place?.end ?? 1, revision: document.revision_id } } },
    { enabled: place !== null, staleTime: Number.POSITIVE_INFINITY });
  const found = place ? (highlights.data?.pages ?? []) : [];
  const [turned, setPage] = useState<number | null>(null);
  const page = turned ?? found[0]?.page ?? 1;
  const here = found.find((one) => one.page === page);
  return (
    <Stack>
      <Group gap="xs">
        <Button variant="default" disabled={page <= 1} leftSection={<IconChevronLeft size={16} aria-hidden />} onClick={() => setPage(page - 1)}>Before</Button>
        <NumberInput aria-label="Page" value={page} min={1} max={pages} allowDecimal={false} clampBehavior="strict" w={90}
          onChange={(value) => typeof value === "number" && value >= 1 && setPage(value)} />
        <Text size="sm" className="figures">of {grouped(pages)}</Text>
        <Button variant="default" disabled={page >= pages} rightSection={<IconChevronRight size={16} aria-hidden />} onClick={() => setPage(page + 1)}>Next</Button>
        <VisuallyHidden role="status">Page {page} of {pages}</VisuallyHidden>
      </Group>
      {place && highlights.data && found.length === 0 && <Text size="sm" c="dimmed">The place was not found on the pages; the text shows it.</Text>}
      {here && !here.exact && <Text size="sm" c="dimmed">The words are somewhere within the mark: this page was read from a picture.</Text>}
      <Drawn key={`${document.revision_id} ${page}`} document={document} page={page} highlight={here} />
    </Stack>
  );
}

function Drawn({ document, page, highlight }: { document: Schemas["OpenedDocumentBody"]; page: number; highlight: Highlight | undefined }) {
  const [state, setState] = useState<"loading" | "shown" | "failed">("loading");
  const at = `/v1/documents/${encodeURIComponent(document.id)}/pages/${page}?width=1400&revision=${encodeURIComponent(document.revision_id)}`;
  if (state === "failed") return <Text role="alert" c="red" size="sm">This page cannot be drawn. Its text is under Text, and the file can be downloaded.</Text>;
  return (
    <div className="drawn-page" aria-busy={state === "loading"}>
      {state === "loading" && <Text size="sm" p="md" c="gray.7" role="status">Drawing page {page}</Text>}
      <img src={at} alt={`Page ${page} of ${document.title}`} onLoad={() => setState("shown")} onError={() => setState("failed")} />
      {state === "shown" && highlight?.boxes.map((box) => <Box key={`${box.left} ${box.top} ${box.right}`} box={box} on={highlight} />)}
    </div>
  );
}

function Box({ box, on }: { box: Highlight["boxes"][number]; on: Highlight }) {
  const style = {
    left: `${(100 * box.left) / on.width_pt}%`,
    top: `${(100 * box.top) / on.height_pt}%`,
    width: `${(100 * (box.right - box.left)) / on.width_pt}%`,
    height: `${(100 * (box.bottom - box.top)) / on.height_pt}%`,
  };
  return <div className="drawn-box" style={style} />;
}
