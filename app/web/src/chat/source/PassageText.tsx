import { useEffect, useMemo, useRef, useState } from "react";
import { Button, Text } from "@mantine/core";
import { bringIntoSight } from "./sight";
import { windowed } from "./window";

interface PassageTextProps {
  text: string;
  /** In code points, as the API counts. */
  start: number;
  end: number;
}

const AROUND = 2_500;
const MORE = 20_000;

/** A passage marked in the text around it; the rest of the text on demand. */
export function PassageText({ text, start, end }: PassageTextProps) {
  const [above, setAbove] = useState(AROUND);
  const [below, setBelow] = useState(AROUND);
  const { before, marked, after, more } = useMemo(() => windowed(text, start, end, above, below), [text, start, end, above, below]);
  const mark = useRef<HTMLElement>(null);
  useEffect(() => bringIntoSight(mark.current), []);
  return (
    <section aria-label="Text of the document" className="source-text" dir="auto">
      {more.above && <Button size="compact-xs" variant="default" mb="xs" onClick={() => setAbove(above + MORE)}>Show more above</Button>}
      <div className="source-words" dir="auto">
        {before}
        <mark ref={mark}>{marked}</mark>
        {after}
      </div>
      {marked === "" && <Text size="sm" c="dimmed">The passage is not in this text.</Text>}
      {more.below && <Button size="compact-xs" variant="default" mt="xs" onClick={() => setBelow(below + MORE)}>Show more below</Button>}
    </section>
  );
}
