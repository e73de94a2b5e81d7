// What was typed and not yet asked. It is kept while one looks at other pages, in memory alone: signing out forgets it.
import { useCallback, useSyncExternalStore } from "react";
import type { Place } from "./place";

const drafts = new Map<string, string>();
const listeners = new Set<() => void>();

export function setDraft({ key }: Place, text: string): void {
  if (text) drafts.set(key, text);
  else drafts.delete(key);
  for (const listener of listeners) listener();
}

export function draftOf({ key }: Place): string {
  return drafts.get(key) ?? "";
}

/** Take what was typed along when a new conversation gets its place. */
export function moveDraft(from: Place, to: Place): void {
  const text = draftOf(from);
  if (text) setDraft(to, text);
  setDraft(from, "");
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function useDraft(place: Place): string {
  return useSyncExternalStore(subscribe, useCallback(() => draftOf(place), [place]));
}
