// The one client of the API: its types are generated from the API's own description (`make api-types`).
import createClient from "openapi-fetch";
import createQueries from "openapi-react-query";
import type { components, paths } from "./schema";
import { ended, isGone, isOpen, reached } from "./standing";

export type Schemas = components["schemas"];

/** What went wrong, as the server says it (RFC 9457); `status` is 0 where no server answered. */
export class Problem extends Error {
  constructor(
    readonly status: number,
    readonly title: string,
    readonly detail: string,
    readonly retryAfterS: number | null = null,
  ) {
    super(detail);
    this.name = "Problem";
  }
}

let csrf = "";
let whenSignedOut = () => {};

/** Have something called when an answer says that nobody is signed in any more. */
export function onSignedOut(call: () => void): void {
  whenSignedOut = call;
}

/** The token that every change by cookie carries; the session names it. */
export function setCsrfToken(token: string | null | undefined): void {
  csrf = token ?? "";
}

/** Ask the server as the page does: with the session's cookie and its token. Throws a `Problem` for any error. */
export async function send(request: Request): Promise<Response> {
  const open = isOpen(new URL(request.url).pathname);
  // Not asked over and over by what the page does by itself: it would be refused, and sign-ins with it.
  if (ended.get() && !open) throw new Problem(401, "Signed out", "Your session has ended. Sign in again.");
  request.headers.set("X-CSRF-Token", csrf);
  let response: Response;
  try {
    response = await fetch(request);
  } catch (error) {
    if (request.signal.aborted) throw error;
    reached.set(false);
    throw new Problem(0, "No answer", "The server cannot be reached.");
  }
  reached.set(!isGone(response));
  if (response.status === 401 && !open) whenSignedOut();
  if (!response.ok) throw await problemOf(response);
  return response;
}

export async function problemOf(response: Response): Promise<Problem> {
  const after = Number(response.headers.get("Retry-After"));
  let body: { title?: string; detail?: string } = {};
  try {
    body = (await response.json()) as typeof body;
  } catch {
    // A proxy in between speaks for itself.
  }
  const detail = typeof body.detail === "string" ? body.detail : `The server answered ${response.status}.`;
  return new Problem(response.status, body.title ?? response.statusText, detail, after > 0 ? after : null);
}

/** `api.GET("/v1/...")` and so on: resolves with `data`, throws a `Problem`. */
export const api = createClient<paths>({ baseUrl: globalThis.location?.origin ?? "", fetch: send });

/** The same as hooks: `queries.useQuery("get", "/v1/...", {params})`, `queries.useMutation("post", "/v1/...")`. */
export const queries = createQueries(api);
