import { useQuery } from "@tanstack/react-query";
import { api, Problem, setCsrfToken, type Schemas } from "@/api/client";
import { queryClient } from "@/api/queryClient";
import { ended } from "@/api/standing";

export type Session = Schemas["SessionBody"];

const KEY = ["get", "/v1/session"];

async function current(): Promise<Session | null> {
  const before = queryClient.getQueryData<Session | null>(KEY) ?? null;
  try {
    const { data = null } = await api.GET("/v1/session");
    // Somebody else signed in, in another window: nothing that was read before stays.
    if (before && data?.user?.id !== before.user?.id) location.reload();
    setCsrfToken(data?.csrf_token);
    ended.set(false);
    return data;
  } catch (error) {
    if (!(error instanceof Problem && error.status === 401)) throw error;
    ended.set(before !== null);
    return before;
  }
}

/** Who is signed in: null for nobody, undefined while that is not known; who was, while their session has `ended`. */
export function useSession() {
  return useQuery({
    queryKey: KEY,
    queryFn: current,
    staleTime: 60_000,
    refetchOnWindowFocus: () => (ended.get() ? "always" : true), // they may have signed in in another window
  });
}

/** The session of a page that is shown to signed-in people only. */
export function useCaller(): Session {
  const { data } = useSession();
  if (!data) throw new Error("nobody is signed in");
  return data;
}

export function useRole(): { administrator: boolean; curator: boolean } {
  const { role } = useCaller();
  return { administrator: role === "administrator", curator: role !== "reader" };
}

/** Take over a session that was just begun. What somebody else asked for before is forgotten. */
export function begun(session: Session): void {
  queryClient.removeQueries({ predicate: ({ queryKey }) => queryKey[1] !== KEY[1] });
  setCsrfToken(session.csrf_token);
  queryClient.setQueryData(KEY, session);
}

/** Go on with a session that was begun anew by the same person: the page stays, and what it shows is asked for again. */
export async function renewed(session: Session): Promise<void> {
  setCsrfToken(session.csrf_token);
  queryClient.setQueryData(KEY, session);
  ended.set(false);
  await queryClient.invalidateQueries();
}

export async function signOut(): Promise<void> {
  try {
    await api.DELETE("/v1/session");
  } catch (error) {
    if (!(error instanceof Problem && error.status === 401)) throw error;
  }
  location.assign("/"); // anew, so that nothing of what was read stays in memory
}

/** Ask again who is signed in, as after a change of one's own name. */
export async function sessionChanged(): Promise<void> {
  await queryClient.invalidateQueries({ queryKey: KEY });
}
