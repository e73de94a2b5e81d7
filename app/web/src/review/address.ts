import { useNavigate, useSearch } from "@tanstack/react-router";

type Address = Record<string, string | undefined>;

/** What stands in the address behind the question mark, and how to change some of it: what is shown can be linked. */
export function useAddress(): [Address, (changes: Address) => void] {
  const given: Address = useSearch({ strict: false });
  const navigate = useNavigate();
  return [given, (changes) => void navigate({ to: ".", search: { ...given, ...changes }, replace: true })];
}
