import { useState } from "react";
import { queries } from "@/api/client";
import { queryClient, refresh } from "@/api/queryClient";

const KEPT = { staleTime: 60_000 };

/** The task to grade, with the next one fetched already, so that nobody waits in between. */
export function useTask() {
  const [before, setBefore] = useState<string | undefined>(undefined);
  const [graded, setGraded] = useState(0);
  const current = queries.useQuery("get", "/v1/review/queue/next", { params: { query: { after: before } } }, KEPT);
  const task = current.data?.task ?? null;
  queries.useQuery("get", "/v1/review/queue/next", { params: { query: { after: task?.id } } }, { ...KEPT, enabled: task !== null });
  function done(id: string, isGraded: boolean) {
    setBefore(id);
    if (isGraded) setGraded((now) => now + 1);
    void refreshed();
  }
  return { current, task, graded, done };
}

/** Have the figures asked for again, and not the task that somebody has before them. */
async function refreshed() {
  await Promise.all([refresh("/v1/review/agreement"), queryClient.invalidateQueries({ queryKey: ["get", "/v1/review/queue"] })]);
}
