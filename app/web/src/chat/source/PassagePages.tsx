import { useState } from "react";
import { ActionIcon, Group, Text, Tooltip } from "@mantine/core";
import { IconChevronLeft, IconChevronRight, IconZoomIn, IconZoomOut } from "@tabler/icons-react";
import type { Schemas } from "@/api/client";
import { grouped, percent } from "@/kit/numbers";
import type { Turn } from "../thread";
import { PagePicture } from "./PagePicture";
import { ZOOMS } from "./picture";

interface PassagePagesProps {
  source: Turn["citations"][number];
  document: Schemas["OpenedDocumentBody"];
  pages: number;
  /** Where the passage stands; undefined while that is looked for. */
  found: Schemas["HighlightBody"][] | undefined;
  onFailed: () => void;
}

/** The page that a passage stands on, with the passage marked; and the pages around it. */
export function PassagePages({ source, document, pages, found, onFailed }: PassagePagesProps) {
  const [turned, setTurned] = useState<number | null>(null);
  const [zoom, setZoom] = useState(0);
  const page = turned ?? found?.[0]?.page ?? source.page ?? 1;
  const here = found?.find((one) => one.page === page);
  const others = (found ?? []).map((one) => one.page).filter((one) => one !== page);
  return (
    <>
      <Group gap={4}>
        {pages > 1 && <Press label="Page before" off={page <= 1} onPress={() => setTurned(page - 1)} Icon={IconChevronLeft} />}
        <Text size="sm" className="figures" role="status">Page {grouped(page)} of {grouped(pages)}</Text>
        {pages > 1 && <Press label="Page after" off={page >= pages} onPress={() => setTurned(page + 1)} Icon={IconChevronRight} />}
        <Text size="sm" className="figures" ml="auto" role="status"><span className="source-said">Zoom </span>{percent(ZOOMS[zoom] ?? 1)}</Text>
        <Press label="Zoom out" off={zoom === 0} onPress={() => setZoom(zoom - 1)} Icon={IconZoomOut} />
        <Press label="Zoom in" off={zoom === ZOOMS.length - 1} onPress={() => setZoom(zoom + 1)} Icon={IconZoomIn} />
      </Group>
      {here && !here.exact && <Text size="sm" c="dimmed">The words are somewhere within the mark: it is around the whole passage.</Text>}
      {others.length > 0 && <Text size="sm" c="dimmed">The passage also stands on page {others.join(", ")}.</Text>}
      <PagePicture key={page} document={document} page={page} highlight={here} quote={source.quote} zoom={ZOOMS[zoom] ?? 1} onFailed={onFailed} />
    </>
  );
}

// Switched off it stays focusable, so that the keys of the panel go on.
function Press({ label, off, onPress, Icon }: { label: string; off: boolean; onPress: () => void; Icon: typeof IconZoomIn }) {
  return (
    <Tooltip label={label}>
      <ActionIcon variant="subtle" color="gray" aria-label={label} aria-disabled={off || undefined} data-disabled={off || undefined}
        onClick={() => !off && onPress()}>
        <Icon size={18} aria-hidden />
      </ActionIcon>
    </Tooltip>
  );
}
