import { useEffect, useRef, type RefObject } from "react";
import { singleKeys } from "../useShortcuts";

/** Return which way a key goes among the sources; 0 for none. */
export function stepOf(key: string, single: boolean): -1 | 0 | 1 {
  if (key === "ArrowRight" || (single && key === "j")) return 1;
  if (key === "ArrowLeft" || (single && key === "k")) return -1;
  return 0;
}

/** Go to the source before or after by key, while the focus is in the panel; not where keys have a meaning of their own. */
export function useStepKeys(inside: RefObject<HTMLElement | null>, step: (by: -1 | 1) => void): void {
  const latest = useRef(step);
  useEffect(() => {
    latest.current = step;
  });
  useEffect(() => {
    const pressed = (event: KeyboardEvent) => {
      const { target } = event;
      if (event.defaultPrevented || event.altKey || event.ctrlKey || event.metaKey || event.shiftKey || !(target instanceof Element)) return;
      const panel = inside.current?.closest("aside, [role=dialog]");
      if (!panel?.contains(target) || target.closest("input, textarea, select, [data-scrolls]")) return;
      const by = stepOf(event.key, singleKeys());
      if (by === 0) return;
      event.preventDefault();
      latest.current(by);
    };
    document.addEventListener("keydown", pressed);
    return () => document.removeEventListener("keydown", pressed);
  }, [inside]);
}
