import { keepPreviousData, useInfiniteQuery } from "@tanstack/react-query";
import { api, type Schemas } from "@/api/client";
import { forgetThread, refreshList, renameThread } from "./thread";

export type Conversation = Schemas["ConversationBody"];

const LISTED_A_PAGE = 50;

/** My conversations, the one that was used last first, page by page; those that hold some words. */
export function useConversations(words: string) {
  return useInfiniteQuery({
    queryKey: ["get", "/v1/conversations", words],
    initialPageParam: null as string | null,
    queryFn: async ({ pageParam, signal }) => {
      const query = { q: words, limit: LISTED_A_PAGE, ...(pageParam !== null && { after: pageParam }) };
      const { data } = await api.GET("/v1/conversations", { params: { query }, signal });
      if (!data) throw new Error("no list");
      return data;
    },
    getNextPageParam: (page) => page.next,
    placeholderData: keepPreviousData,
  });
}

export async function renamed(id: string, title: string): Promise<void> {
  const { data } = await api.PATCH("/v1/conversations/{conversation_id}", { params: { path: { conversation_id: id } }, body: { title } });
  if (data) renameThread(id, data.title);
  await refreshList();
}

export async function deleted(id: string): Promise<void> {
  await api.DELETE("/v1/conversations/{conversation_id}", { params: { path: { conversation_id: id } } });
  forgetThread(id);
  await refreshList();
}
