// A conversation as it was read: what is kept of it in the page, and how a new answer gets into it.
import { useInfiniteQuery, type InfiniteData } from "@tanstack/react-query";
import { api, type Schemas } from "@/api/client";
import { queryClient } from "@/api/queryClient";
import type { Answer } from "./attempt";

export type Turn = Schemas["StoredTurnBody"];
export type Opened = Schemas["OpenedConversationBody"];
export type Pages = InfiniteData<Opened, string | null>;

const TURNS_A_PAGE = 30;
const LISTED = "/v1/conversations";
const keyOf = (id: string) => ["get", "/v1/conversations/{conversation_id}", id];

/** The turns of a conversation from its end; older ones on demand. */
export function useThread(id: string | undefined) {
  return useInfiniteQuery({
    queryKey: keyOf(id ?? ""),
    enabled: id !== undefined,
    initialPageParam: null as string | null,
    queryFn: async ({ pageParam, signal }) => {
      const query = { limit: TURNS_A_PAGE, ...(pageParam !== null && { before: pageParam }) };
      const { data } = await api.GET("/v1/conversations/{conversation_id}", { params: { path: { conversation_id: id ?? "" }, query }, signal });
      if (!data) throw new Error("no conversation");
      return data;
    },
    getNextPageParam: (page) => page.before,
  });
}

/** Return all turns that were read so far, the oldest first. */
export function turnsOf(pages: InfiniteData<Opened, unknown> | undefined): Turn[] {
  return (pages?.pages ?? []).toReversed().flatMap((page) => page.turns);
}

function available<T extends object>(citation: T): T & { available: boolean } {
  return Object.assign({ available: true }, citation);
}

/** Return an answer as the turn that it is kept as. */
export function turnOf(answer: Answer, question: string, now = new Date()): Turn {
  return {
    ...answer,
    citations: answer.citations.map(available),
    nearest: answer.nearest.map(available),
    question,
    asked_at: now.toISOString(),
    available: true,
    feedback: null,
  };
}

/** Return the pages with a turn at the end; without the one that it replaces, and all after that. */
export function withTurn(pages: Pages, turn: Turn, replaces: string | null): Pages {
  let reached = replaces === null;
  const kept: Opened[] = [];
  // Pages go from the newest to the oldest: what is newer than the replaced turn falls away with it.
  for (const page of pages.pages) {
    if (reached) {
      kept.push(page);
      continue;
    }
    const place = page.turns.findIndex(({ interaction_id }) => interaction_id === replaces);
    if (place < 0) continue;
    reached = true;
    kept.push({ ...page, turns: page.turns.slice(0, place) });
  }
  const newest = kept[0] ?? pages.pages[0];
  if (!newest) return pages;
  const rest = kept.length > 0 ? kept.slice(1) : [];
  const turns = [...(kept.length > 0 ? newest.turns : []), turn];
  return { pages: [{ ...newest, turns }, ...rest], pageParams: pages.pageParams.slice(0, 1 + rest.length) };
}

/** Put an answer that was just stored at the end of its conversation, without reading that again. */
export function keepTurn(id: string, turn: Turn, replaces: string | null): void {
  queryClient.setQueryData<Pages>(keyOf(id), (pages) => {
    if (pages) return withTurn(pages, turn, replaces);
    if (replaces !== null) return pages;
    const title = Array.from(turn.question).slice(0, 80).join("");
    return { pages: [{ id, title, created_at: turn.asked_at, updated_at: turn.asked_at, turns: [turn], before: null }], pageParams: [null] };
  });
}

/** Change what is kept of one turn, such as what was said about it. */
export function changeTurn(id: string, interaction: string, change: Partial<Turn>): void {
  queryClient.setQueryData<Pages>(keyOf(id), (pages) => pages && {
    ...pages,
    pages: pages.pages.map((page) => page.turns.some((turn) => turn.interaction_id === interaction)
      ? { ...page, turns: page.turns.map((turn) => (turn.interaction_id === interaction ? { ...turn, ...change } : turn)) }
      : page),
  });
}

export function renameThread(id: string, title: string): void {
  queryClient.setQueryData<Pages>(keyOf(id), (pages) => pages && { ...pages, pages: pages.pages.map((page) => ({ ...page, title })) });
}

export function forgetThread(id: string): void {
  queryClient.removeQueries({ queryKey: keyOf(id) });
}

/** Have the list of conversations read again; what was read of each one stays. */
export async function refreshList(): Promise<void> {
  await queryClient.invalidateQueries({ predicate: ({ queryKey }) => queryKey[1] === LISTED });
}
