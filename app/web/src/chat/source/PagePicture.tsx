import { useEffect, useRef, useState } from "react";
import { Text } from "@mantine/core";
import { useElementSize } from "@mantine/hooks";
import type { Schemas } from "@/api/client";
import { pixelsFor, placed } from "./picture";
import { bringIntoSight } from "./sight";

interface PagePictureProps {
  document: Schemas["OpenedDocumentBody"];
  page: number;
  highlight: Schemas["HighlightBody"] | undefined;
  quote: string;
  zoom: number;
  onFailed: () => void;
}

/** A page as a picture, as wide as the panel or wider, with what is cited marked on it. */
export function PagePicture({ document, page, highlight, quote, zoom, onFailed }: PagePictureProps) {
  const { ref, width } = useElementSize<HTMLDivElement>();
  const [drawn, setDrawn] = useState(false);
  const pixels = pixelsFor(width, zoom, globalThis.devicePixelRatio);
  const at = `/v1/documents/${encodeURIComponent(document.id)}/pages/${page}?width=${pixels}&revision=${encodeURIComponent(document.revision_id)}`;
  // What is wider than the panel is scrolled, by keyboard too.
  const scrolls = zoom > 1 ? { tabIndex: 0, "data-scrolls": true } : {};
  return (
    <div ref={ref} className="source-page" role="group" aria-label={`Page ${page}`} aria-busy={!drawn} {...scrolls}>
      {!drawn && <Text size="sm" p="md" c="gray.7" role="status">Drawing page {page}</Text>}
      {width > 0 && (
        <div className="source-picture" style={{ width: `${100 * zoom}%` }}>
          <img src={at} alt={`Page ${page} of ${document.title}`} onLoad={() => setDrawn(true)} onError={onFailed} />
          {drawn && highlight && <Marked key={zoom} on={highlight} quote={quote} />}
        </div>
      )}
    </div>
  );
}

function Marked({ on, quote }: { on: Schemas["HighlightBody"]; quote: string }) {
  const first = useRef<HTMLDivElement>(null);
  useEffect(() => bringIntoSight(first.current), []);
  return (
    <div role="img" aria-label={`Marked: ${quote}`}>
      {on.boxes.map((box, n) => (
        <div key={`${box.left} ${box.top} ${box.right}`} ref={n === 0 ? first : undefined} className="source-box" style={placed(box, on)} />
      ))}
    </div>
  );
}
