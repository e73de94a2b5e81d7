import { useMemo } from "react";
import { Text } from "@mantine/core";
import { withoutMarks } from "@/chat/answer/words";
import { isAnew, wordDiff, type DiffPart } from "./wordDiff";

/** The answer that was given beside what it should have been; what differs is struck out and underlined, unless little is the same. */
export function Differences({ given, corrected }: { given: string; corrected: string }) {
  const parts = useMemo(() => wordDiff(withoutMarks(given), withoutMarks(corrected)), [given, corrected]);
  const anew = isAnew(parts);
  return (
    <div className="review-sides">
      <div className="review-answer">
        <Text size="sm" c="dimmed">The answer that was given</Text>
        <Side parts={parts} hidden="added" plain={anew} />
      </div>
      <div className="review-answer">
        <Text size="sm" c="dimmed">{anew ? "The correction, written anew" : "The correction"}</Text>
        <Side parts={parts} hidden="removed" plain={anew} />
      </div>
    </div>
  );
}

function Side({ parts, hidden, plain }: { parts: DiffPart[]; hidden: "added" | "removed"; plain: boolean }) {
  return (
    <Text size="sm" className="pre" dir="auto" component="div">
      {parts.map(({ kind, text }, at) => {
        if (kind === hidden) return null;
        // oxlint-disable-next-line react/no-array-index-key -- parts have no name, and keep nothing
        return plain || kind === "same" ? <span key={at}>{text}</span> : kind === "removed" ? <del key={at}>{text}</del> : <ins key={at}>{text}</ins>;
      })}
    </Text>
  );
}
