// How the page stands with the server, as every answer tells it.
import { flag } from "@/kit/flag";

/** The server answers. */
export const reached = flag(true);

/** Somebody was signed in, and their session has ended; the page stays, so that nothing they typed is lost. */
export const ended = flag(false);

const BROKEN = new Set([502, 503, 504]);
// Asked by whoever is not signed in.
const OPEN = new Set(["/v1/session", "/v1/setup", "/v1/oidc", "/v1/health/live"]);

/** Whether a path can be asked for without a session. */
export function isOpen(path: string): boolean {
  return OPEN.has(path);
}

/** Whether an answer comes from a proxy that finds no server behind it: what the server refuses itself it says as a problem. */
export function isGone(response: Response): boolean {
  return BROKEN.has(response.status) && !(response.headers.get("Content-Type") ?? "").startsWith("application/problem+json");
}
