import type { ReactNode } from "react";
import { Empty } from "@/kit/Empty";
import { useRole } from "@/session/session";

/** What only administrators are shown; the server refuses everybody else anyway. */
export function AdministratorsOnly({ children }: { children: ReactNode }) {
  if (useRole().administrator) return children;
  return <Empty title="This is for administrators">Ask one of them if you need something here.</Empty>;
}
