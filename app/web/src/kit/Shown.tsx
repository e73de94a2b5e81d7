import type { ReactNode } from "react";
import type { UseQueryResult } from "@tanstack/react-query";
import { Skeleton, Stack, VisuallyHidden } from "@mantine/core";
import { ProblemShown } from "./ProblemShown";

interface ShownProps<Data> {
  query: UseQueryResult<Data, unknown>;
  /** Stands in its place while it loads. */
  loading?: ReactNode;
  children: (data: Data) => ReactNode;
}

/** What a query found, or that it loads, or why it failed. */
export function Shown<Data>({ query, loading, children }: ShownProps<Data>) {
  if (query.data !== undefined) return <>{children(query.data)}</>;
  if (query.isError) return <ProblemShown error={query.error} retry={() => void query.refetch()} />;
  return <>{loading ?? <Loading />}</>;
}

export function Loading({ rows = 4 }: { rows?: number }) {
  return (
    <Stack gap="sm" role="status" aria-busy>
      <VisuallyHidden>Loading</VisuallyHidden>
      {Array.from({ length: rows }, (_, n) => (
        <Skeleton key={n} height={34} />
      ))}
    </Stack>
  );
}
