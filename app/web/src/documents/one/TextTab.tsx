import { useEffect, useRef, useState } from "react";
import { Button, Group, Stack, Text } from "@mantine/core";
import { sliced, unitsAt } from "@/api/codePoints";
import { queries, type Schemas } from "@/api/client";
import { count, grouped } from "@/kit/numbers";
import { kindInWords } from "../found/words";
import { pieces, type Piece, type Span } from "./pieces";
import type { Place } from "./place";

type Finding = Schemas["FindingBody"];

interface TextTabProps {
  document: Schemas["OpenedDocumentBody"];
  /** Findings are of the live revision; an older one shows none. */
  live: boolean;
  place: Place | null;
}

type Mark = { message: string; severity: Finding["severity"] } | "sought";

const SHOWN = 200_000; // characters; more would make the page slow

/** The text that answers are taken from, with what was found in it. */
export function TextTab({ document, live, place }: TextTabProps) {
  const found = queries.useQuery("get", "/v1/documents/{document_id}/findings", { params: { path: { document_id: document.id } } }, { enabled: live });
  const [until, setUntil] = useState(Math.max(SHOWN, (place?.end ?? 0) + 1_000));
  const region = useRef<HTMLDivElement>(null);
  useEffect(() => {
    region.current?.querySelector("[data-sought]")?.scrollIntoView({ block: "center" }); // gives a promise in newer browsers, which is no clean-up
  }, []);
  const findings = (live ? (found.data?.findings ?? []) : []).filter(({ start, end }) => start !== null && end !== null);
  const shown = sliced(document.text, 0, until);
  const whole = unitsAt(document.text, until) >= document.text.length;
  return (
    <Stack>
      {findings.length > 0 && (
        <Text size="sm" c="dimmed">{count(findings.length, "place is", "places are")} marked: {[...new Set(findings.map(({ kind }) => kindInWords(kind)))].join(", ")}.</Text>
      )}
      {document.text === "" && <Text c="dimmed">There is no text in it.</Text>}
      <div ref={region} className="document-text" dir="auto">
        {pieces(shown, spansOf(findings, place)).map((piece, at) => (
          // oxlint-disable-next-line react/no-array-index-key -- pieces have no name, and keep nothing
          <Shown key={at} piece={piece} />
        ))}
      </div>
      {!whole && (
        <Group>
          <Button variant="default" onClick={() => setUntil(until + SHOWN)}>Show more of the text</Button>
          <Text size="sm" c="dimmed">The first {grouped(until)} characters are shown.</Text>
        </Group>
      )}
    </Stack>
  );
}

function spansOf(findings: Finding[], place: Place | null): Span<Mark>[] {
  const found = findings.map(({ start, end, message, severity }): Span<Mark> => ({ start: start ?? 0, end: end ?? 0, mark: { message, severity } }));
  return place ? [...found, { ...place, mark: "sought" }] : found;
}

function Shown({ piece }: { piece: Piece<Mark> }) {
  const isSought = piece.marks.includes("sought");
  const finding = piece.marks.find((mark) => mark !== "sought");
  if (isSought) return <mark data-sought title={finding?.message}>{piece.text}</mark>;
  if (finding) return <mark className={`found-${finding.severity}`} title={finding.message}>{piece.text}</mark>;
  return piece.text;
}
