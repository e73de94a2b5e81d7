import { useEffect, useRef } from "react";

const STORED = "attune-single-keys";

/** Whether single characters do something: who speaks to their machine turns that off. */
export function singleKeys(): boolean {
  return localStorage.getItem(STORED) !== "off";
}

export function setSingleKeys(on: boolean): void {
  localStorage.setItem(STORED, on ? "on" : "off");
}

export interface Shortcuts {
  toQuestion: () => void;
  toSearch: () => void;
  escape: () => void;
  help: () => void;
  turn: (step: 1 | -1) => void;
}

/** Listen to the keys of the chat, wherever the focus is; not while somebody types, nor in a dialog. */
export function useShortcuts(shortcuts: Shortcuts): void {
  const latest = useRef(shortcuts);
  useEffect(() => {
    latest.current = shortcuts;
  });
  useEffect(() => {
    const pressed = (event: KeyboardEvent) => {
      const to = latest.current;
      const { target } = event;
      if (event.defaultPrevented || !(target instanceof Element) || target.closest("[role=dialog], [role=menu]")) return;
      const isTyping = target.closest("input, textarea, select, [contenteditable=true]") !== null;
      const acts: Record<string, () => void> = { Escape: to.escape };
      if (event.altKey) Object.assign(acts, { ArrowUp: () => to.turn(-1), ArrowDown: () => to.turn(1) });
      else if (event.ctrlKey || event.metaKey) acts["k"] = to.toSearch;
      else if (!isTyping && singleKeys()) Object.assign(acts, { "/": to.toQuestion, "?": to.help });
      const act = acts[event.key];
      if (!act) return;
      if (event.key !== "Escape") event.preventDefault();
      act();
    };
    document.addEventListener("keydown", pressed);
    return () => document.removeEventListener("keydown", pressed);
  }, []);
}
