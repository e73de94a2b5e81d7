import "./source.css";
import { useRef } from "react";
import { sourcesOf } from "../answer/words";
import type { Turn } from "../thread";
import { Gone } from "./Gone";
import { OpenedSource } from "./OpenedSource";
import { SourceBar } from "./SourceBar";
import { useStepKeys } from "./steps";

interface SourceViewProps {
  answer: Turn;
  number: number;
  onNumber: (number: number) => void;
  onClose: () => void;
}

/** A source of an answer, in its place in the document that it is of. */
export function SourceView({ answer, number, onNumber, onClose }: SourceViewProps) {
  const view = useRef<HTMLDivElement>(null);
  const sources = sourcesOf(answer);
  const at = sources.findIndex((one) => one.number === number);
  const source = sources[at];

  function step(by: -1 | 1) {
    const next = sources[at + by];
    if (next) onNumber(next.number);
  }
  useStepKeys(view, step);

  return (
    <div ref={view} className="source">
      <SourceBar title={source?.available ? source.title : "Source"} position={at + 1} total={sources.length} step={step} onClose={onClose} />
      <div key={`${answer.interaction_id} ${number}`} ref={toTop} className="source-body">
        {source?.available ? <OpenedSource turn={answer} source={source} /> : <Gone />}
      </div>
    </div>
  );
}

/** Each source begins at its top; what is marked in it is brought into sight after that. */
function toTop(body: HTMLElement | null): void {
  body?.closest("aside, [role=dialog]")?.scrollTo(0, 0);
}
