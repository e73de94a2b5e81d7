import { useSearch } from "@tanstack/react-router";
import { queries, type Schemas } from "@/api/client";

export type Collection = Schemas["CollectionBody"];

/** The collections that the caller may read or looks after. */
export function useCollections() {
  return queries.useQuery("get", "/v1/collections", {}, { staleTime: 30_000 });
}

/** Say whether the caller looks after a collection; false while that is not known. */
export function useCurates(name: string | undefined): boolean {
  const { data } = useCollections();
  return data?.collections.some((one) => one.name === name && one.curated) ?? false;
}

/** Return the collection that the address names, or else the first one that the caller looks after. */
export function useChosen(collections: Collection[]): Collection | undefined {
  const given: Record<string, string | undefined> = useSearch({ strict: false });
  const named = collections.find(({ name }) => name === given["collection"]);
  if (named || given["collection"] === ALL) return named;
  return collections.find(({ name, curated }) => name === "default" && curated) ?? collections.find(({ curated }) => curated);
}

/** In the address: every collection that one may read. A collection's name has no blank. */
export const ALL = "all of them";
