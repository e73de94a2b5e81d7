/** Take the token of the set-up link out of the address bar, so that it stays in no history; null without one. */
export function takenSetUpToken(): string | null {
  const token = new URLSearchParams(location.hash.slice(1)).get("setup");
  if (token) history.replaceState(null, "", "/");
  return token;
}
