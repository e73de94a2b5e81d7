import { MutationCache, QueryClient } from "@tanstack/react-query";
import { notifications } from "@mantine/notifications";
import { onSignedOut, Problem } from "./client";
import { reached } from "./standing";

const SESSION = ["get", "/v1/session"];

function signedOut(error: Error): boolean {
  return error instanceof Problem && error.status === 401;
}

/** What the server said is kept for a moment; a failed change is always told. */
export const queryClient: QueryClient = new QueryClient({
  mutationCache: new MutationCache({
    onError: (error, _variables, _context, mutation) => {
      // Shown where it happened; or the page asks to sign in again.
      if (mutation.meta?.["quiet"] || signedOut(error)) return;
      notifications.show({ color: "red", title: "That did not work", message: error.message, autoClose: 8000 });
    },
  }),
  defaultOptions: {
    queries: {
      staleTime: 5_000,
      // What is refused is refused again; only what nobody answered is worth another try.
      retry: (failures, error) => error instanceof Problem && error.status === 0 && failures < 2,
      refetchOnWindowFocus: false,
      // A server of one's own answers also where the browser finds no internet.
      networkMode: "always",
    },
    mutations: { networkMode: "always" },
  },
});

// A 401 anywhere: is somebody signed in?
onSignedOut(() => void queryClient.invalidateQueries({ queryKey: SESSION }));

/** Look whether the server answers again; what failed meanwhile is then asked for anew. */
export async function tryAgain(look: () => Promise<unknown>): Promise<void> {
  await look().catch(() => undefined); // it is still gone
  if (reached.get()) await queryClient.refetchQueries({ predicate: (query) => query.state.status === "error" });
}

/** Have every list and thing under a path asked for again, such as `/v1/documents`. */
export async function refresh(...prefixes: string[]): Promise<void> {
  await queryClient.invalidateQueries({
    predicate: ({ queryKey }) => prefixes.some((prefix) => String(queryKey[1]).startsWith(prefix)),
  });
}
