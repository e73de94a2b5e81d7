import type { ReactNode } from "react";
import { Text } from "@mantine/core";
import { Empty } from "@/kit/Empty";
import { useRole } from "@/session/session";

/** What administrators see; others are told why not. */
export function ForAdministrators({ children }: { children: ReactNode }) {
  if (useRole().administrator) return children;
  return (
    <Empty title="This page is for administrators">
      <Text size="sm">Evaluations and golden sets hold questions and answers of everybody. Ask an administrator.</Text>
    </Empty>
  );
}
