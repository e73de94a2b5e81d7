// Whom somebody asks, and where; kept while one looks at other pages, in memory alone.
import { useCallback, useSyncExternalStore } from "react";
import { queries, type Schemas } from "@/api/client";

export type Assistant = Schemas["AssistantsBody"]["assistants"][number];

/** All documents, a collection of them, or an assistant, which has its own. */
export interface Scope {
  readonly collection: string | null;
  readonly assistant: string | null;
}

export const EVERYWHERE: Scope = { collection: null, assistant: null };

const scopes = new Map<string, Scope>();
const listeners = new Set<() => void>();

export function scopeOf(user: string): Scope {
  return scopes.get(user) ?? EVERYWHERE;
}

export function setScope(user: string, scope: Scope): void {
  scopes.set(user, scope);
  for (const listener of listeners) listener();
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function useScope(user: string): Scope {
  return useSyncExternalStore(subscribe, useCallback(() => scopeOf(user), [user]));
}

/** A scope as the value of a choice. */
export function written({ collection, assistant }: Scope): string {
  if (assistant !== null) return `assistant:${assistant}`;
  return collection === null ? "" : `collection:${collection}`;
}

export function read(value: string): Scope {
  const [kind, ...rest] = value.split(":");
  const name = rest.join(":");
  if (kind === "assistant") return { collection: null, assistant: name };
  return kind === "collection" ? { collection: name, assistant: null } : EVERYWHERE;
}

interface Choice {
  value: string;
  label: string;
}

/** What there is to choose from; nothing where there is but one thing. */
export function choicesOf(collections: readonly string[], assistants: readonly Pick<Assistant, "id" | "name">[]): (Choice | { group: string; items: Choice[] })[] {
  if (collections.length < 2 && assistants.length === 0) return [];
  const searched = collections.map((name) => ({ value: written({ collection: name, assistant: null }), label: name }));
  const asked = assistants.map(({ id, name }) => ({ value: written({ collection: null, assistant: id }), label: name }));
  return [
    { value: "", label: "All documents" },
    ...(searched.length > 1 ? [{ group: "Collections", items: searched }] : []),
    ...(asked.length > 0 ? [{ group: "Assistants", items: asked }] : []),
  ];
}

/** The collections that hold something to be found. */
export function useCollections(): { names: string[]; known: boolean } {
  const { data, isSuccess } = queries.useQuery("get", "/v1/collections");
  return { names: (data?.collections ?? []).filter(({ documents }) => documents > 0).map(({ name }) => name), known: isSuccess };
}

/** The assistants that one may ask. */
export function useAssistants(): { assistants: Assistant[]; known: boolean } {
  const { data, isSuccess } = queries.useQuery("get", "/v1/assistants", {}, { staleTime: 60_000 });
  return { assistants: data?.assistants ?? [], known: isSuccess };
}
