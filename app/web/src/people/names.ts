import { keepPreviousData } from "@tanstack/react-query";
import { queries } from "@/api/client";

const KNOWN = new Map([
  ["u:local", "a command on the server's machine"],
  ["u:forgotten", "somebody who was forgotten"],
  ["g:everyone", "Everyone"],
]);

/** What stands behind keys of users and groups (`u:...`, `g:...`), as far as there still is somebody. */
export type Names = ReadonlyMap<string, string>;

/** The keys that the server can be asked about, each once, in an order that does not depend on the page. */
export function askable(keys: readonly string[]): string[] {
  return [...new Set(keys)].filter((key) => /^[ug]:./.test(key) && !KNOWN.has(key)).toSorted();
}

/** Look up how users and groups are called, 100 at most a time. */
export function useNames(keys: readonly string[]): Names {
  const asked = askable(keys).slice(0, 100);
  const { data } = queries.useQuery("get", "/v1/directory", { params: { query: { key: asked } } }, {
    enabled: asked.length > 0,
    staleTime: 60_000,
    placeholderData: keepPreviousData,
  });
  return new Map([...KNOWN, ...(data?.entries ?? []).map((entry): [string, string] => [entry.key, entry.display_name || entry.name])]);
}
