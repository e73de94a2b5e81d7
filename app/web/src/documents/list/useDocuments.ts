import { keepPreviousData } from "@tanstack/react-query";
import { queries, type Schemas } from "@/api/client";

export type Listed = Schemas["ListedDocumentBody"];
export type Sort = "title" | "newest";

interface Asked {
  /** Undefined asks for all that may be read. */
  collection: string | undefined;
  managed: boolean;
  q: string;
  sort: Sort;
}

const PAGE = 50;

/** Documents, a page at a time. */
export function useDocuments({ collection, managed, q, sort }: Asked) {
  return queries.useInfiniteQuery("get", "/v1/documents", { params: { query: { collection, managed, q, sort, limit: PAGE } } }, {
    pageParamName: "after",
    initialPageParam: null,
    getNextPageParam: ({ next }: { next: string | null }) => next ?? undefined,
    placeholderData: keepPreviousData,
  });
}
