import { useNavigate, useSearch } from "@tanstack/react-router";
import type { Wanted } from "./wanted";

/** The filters in the address, so that a view of the log can be linked; and how to change them. */
export function useWanted(): [Wanted, (change: Wanted) => void] {
  const navigate = useNavigate();
  const given: Record<string, string | undefined> = useSearch({ strict: false });
  const { actor, action, object, from, until } = given;
  const set = (change: Wanted) => void navigate({ to: ".", search: { ...given, ...change }, replace: true });
  return [{ actor, action, object, from, until }, set];
}
