import { lazy, Suspense, useEffect, type RefObject } from "react";
import { Drawer } from "@mantine/core";
import { Loading } from "@/kit/Shown";
import { sourcesOf } from "./answer/words";
import { noteReading } from "./feedback/useSaid";
import type { Turn } from "./thread";

const SourceView = lazy(async () => ({ default: (await import("./source/SourceView")).SourceView }));

interface SourcePanelProps {
  panel: RefObject<HTMLElement | null>;
  turn: Turn;
  number: number;
  /** Over everything, where there is no room beside the answer. */
  sheet: boolean;
  onNumber: (number: number) => void;
  onClose: () => void;
}

/** The source of an answer, beside it or above it; counts how long it was read. */
export function SourcePanel({ panel, turn, number, sheet, onNumber, onClose }: SourcePanelProps) {
  const chunk = sourcesOf(turn).find((source) => source.number === number)?.chunk_id;
  useReading(turn.interaction_id, chunk);
  useEffect(() => {
    if (!sheet) panel.current?.focus();
  }, [sheet, panel]);

  const copy = () => {
    if (chunk && String(getSelection())) void noteReading(turn.interaction_id, chunk, "copied", 0);
  };
  const view = (
    <Suspense fallback={<Loading rows={8} />}>
      <SourceView answer={turn} number={number} onNumber={onNumber} onClose={onClose} />
    </Suspense>
  );
  if (sheet) {
    return (
      <Drawer.Root opened onClose={onClose} position="right" size="100%" lockScroll={false}>
        <Drawer.Overlay />
        <Drawer.Content aria-label={`Source ${number}`} onCopy={copy}>{view}</Drawer.Content>
      </Drawer.Root>
    );
  }
  return (
    <aside ref={panel} className="chat-source" aria-label={`Source ${number}`} tabIndex={-1} onCopy={copy}>
      {view}
    </aside>
  );
}

/** Note how long a passage was looked at, once it is not any more. A page that nobody sees is not read. */
function useReading(interaction: string, chunk: string | undefined): void {
  useEffect(() => {
    if (!chunk) return undefined;
    let read = 0;
    let since = document.hidden ? null : performance.now();
    const pause = () => {
      if (since !== null) read += performance.now() - since;
      since = document.hidden ? null : performance.now();
    };
    document.addEventListener("visibilitychange", pause);
    return () => {
      document.removeEventListener("visibilitychange", pause);
      if (since !== null) read += performance.now() - since;
      void noteReading(interaction, chunk, "opened", read / 1_000);
    };
  }, [interaction, chunk]);
}
