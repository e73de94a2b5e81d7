import { createContext, useContext } from "react";
import { Tooltip } from "@mantine/core";
import { sliced } from "@/api/codePoints";
import type { Citation } from "../attempt";
import { whereOf } from "./words";

interface Sources {
  citations: readonly (Citation & { available?: boolean })[];
  open: (number: number, opener: HTMLElement) => void;
  /** The number of the source that is open beside the answer; null when none is. */
  shown: number | null;
}

/** What the marks of an answer lead to. */
export const SourcesContext = createContext<Sources>({ citations: [], open: () => undefined, shown: null });

const QUOTED_CHARS = 220;

/** A number in an answer that opens its source, and shows what it says before that. */
export function CitationMark({ number }: { number: number }) {
  const { citations, open, shown } = useContext(SourcesContext);
  const source = citations.find((citation) => citation.number === number);
  if (!source) return <>[{number}]</>;
  if (source.available === false) return <span className="chat-mark" title="This source is not available any more">{number}</span>;
  const quote = source.quote.length > QUOTED_CHARS ? `${sliced(source.quote, 0, QUOTED_CHARS)} ...` : source.quote;
  const label = <><strong>{whereOf(source)}</strong><br />{quote}</>;
  return (
    <Tooltip label={label} multiline w={340} withArrow openDelay={150}>
      <button type="button" className="chat-mark" aria-label={`Source ${number}: ${whereOf(source)}`} aria-pressed={shown === number}
        onClick={(event) => open(number, event.currentTarget)}>
        {number}
      </button>
    </Tooltip>
  );
}
