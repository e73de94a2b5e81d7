import { useState } from "react";
import { SegmentedControl, Stack, Text } from "@mantine/core";
import { queries, type Schemas } from "@/api/client";
import type { Turn } from "../thread";
import { PassagePages } from "./PassagePages";
import { PassageText } from "./PassageText";

interface PassageProps {
  source: Turn["citations"][number];
  document: Schemas["OpenedDocumentBody"];
}

type View = "page" | "text";

const VIEWS: { value: View; label: string }[] = [{ value: "page", label: "Page" }, { value: "text", label: "Text" }];
const MOST_CHARS = 20_000; // of which the server says where they stand

/** The passage in its place: on the page where there is one to be seen, else in the text. */
export function Passage({ source, document }: PassageProps) {
  const [chosen, setChosen] = useState<View | null>(null);
  const [failed, setFailed] = useState(false);
  const pages = document.pages;
  const place = { start: source.start, end: Math.min(source.end, source.start + MOST_CHARS), revision: source.revision_id };
  const highlights = queries.useQuery("get", "/v1/documents/{document_id}/highlights", { params: { path: { document_id: document.id }, query: place } },
    { enabled: pages !== null, staleTime: Number.POSITIVE_INFINITY });
  const found = highlights.data?.pages;
  const isUnmarked = highlights.isError || found?.length === 0;
  const view = pages === null || failed ? "text" : (chosen ?? (isUnmarked ? "text" : "page"));
  const why = whyText(document, failed, isUnmarked);

  function choose(value: string) {
    setFailed(false);
    setChosen(value === "page" ? "page" : "text");
  }

  return (
    <Stack gap="xs">
      {pages !== null && <SegmentedControl size="xs" className="source-views" aria-label="How the passage is shown" data={VIEWS} value={view} onChange={choose} />}
      {why && <Text size="sm" c="dimmed" role="status">{why}</Text>}
      {view === "page" && pages !== null
        ? <PassagePages source={source} document={document} pages={pages} found={found} onFailed={() => setFailed(true)} />
        : <PassageText text={document.text} start={source.start} end={source.end} />}
    </Stack>
  );
}

function whyText(document: Schemas["OpenedDocumentBody"], failed: boolean, isUnmarked: boolean): string {
  if (failed) return "The page could not be drawn just now. Here is its text.";
  if (document.pages !== null) return isUnmarked ? "The words were not found on the pages. The text shows them." : "";
  if (!/^(?:application\/pdf|image\/)/.test(document.media_type)) return "";
  return document.original ? "The pages of this file cannot be drawn. Here is its text."
    : "The file of this revision is not kept any more, so its pages cannot be shown. Here is its text.";
}
