import type { ReactNode } from "react";
import { Stack } from "@mantine/core";
import { queries } from "@/api/client";
import { More } from "@/kit/More";
import { Shown } from "@/kit/Shown";
import { moving } from "./run";
import { RunTable } from "./RunTable";

interface RunListProps {
  source?: string | undefined;
  withCollection?: boolean;
  /** Stands there when there is no run. */
  empty: ReactNode;
}

const PAGE = 20;
const MOVES_MS = 3_000;
const RESTS_MS = 20_000;

/** Runs, the newest first, kept up to date while one is under way. */
export function RunList({ source, withCollection = true, empty }: RunListProps) {
  const query = queries.useInfiniteQuery("get", "/v1/ingestions", { params: { query: { limit: PAGE, source } } }, {
    pageParamName: "before",
    initialPageParam: null,
    getNextPageParam: ({ next }: { next: string | null }) => next ?? undefined,
    refetchInterval: (asked) => (asked.state.data?.pages.some(({ runs }) => runs.some(moving)) ? MOVES_MS : RESTS_MS),
  });
  return (
    <Shown query={query}>
      {({ pages }) => {
        const runs = pages.flatMap((page) => page.runs);
        if (runs.length === 0) return empty;
        return (
          <Stack>
            <RunTable runs={runs} withCollection={withCollection} />
            <More query={query} label="Show older runs" />
          </Stack>
        );
      }}
    </Shown>
  );
}
