import { useCallback, useEffect, useLayoutEffect, useRef, useState } from "react";

const NEAR_PX = 64;

/** A place to scroll that stays at its end while it grows, unless the reader went up; and holds still when it grows above. */
export function useStick(first: string | undefined) {
  const area = useRef<HTMLDivElement>(null);
  const content = useRef<HTMLDivElement>(null);
  const stuck = useRef(true);
  const [away, setAway] = useState(false);
  const held = useRef<{ first: string | undefined; fromEnd: number }>({ first, fromEnd: 0 });

  const toEnd = useCallback(() => {
    stuck.current = true;
    setAway(false);
    if (area.current) area.current.scrollTop = area.current.scrollHeight;
  }, []);

  const onScroll = useCallback(() => {
    if (!area.current) return;
    const { scrollHeight, scrollTop, clientHeight } = area.current;
    stuck.current = scrollHeight - scrollTop - clientHeight < NEAR_PX;
    held.current.fromEnd = scrollHeight - scrollTop;
    setAway(!stuck.current);
  }, []);

  useEffect(() => {
    if (!content.current) return undefined;
    const grown = new ResizeObserver(() => {
      if (!area.current) return;
      if (stuck.current) area.current.scrollTop = area.current.scrollHeight;
      // Turns get their true height when they come into sight.
      held.current.fromEnd = area.current.scrollHeight - area.current.scrollTop;
    });
    grown.observe(content.current);
    return () => grown.disconnect();
  }, []);

  // Older turns come in above: what the reader looks at stays where it is.
  useLayoutEffect(() => {
    if (held.current.first !== first && area.current && !stuck.current) {
      area.current.scrollTop = area.current.scrollHeight - held.current.fromEnd;
    }
    held.current.first = first;
  }, [first]);

  return { area, content, away, toEnd, onScroll };
}
