import { useEffect, useRef, useState } from "react";
import { queries } from "@/api/client";
import { streamed } from "@/api/events";
import { queryClient, refresh } from "@/api/queryClient";
import { ended, isProgress, moving, type Run } from "./run";

const ASKED_WITHOUT_STREAM_MS = 1_500;
const ASKED_BESIDE_STREAM_MS = 10_000; // events do not tell that somebody paused the run

function wanted(runId: string) {
  return queries.queryOptions("get", "/v1/ingestions/{run_id}", { params: { path: { run_id: runId } } });
}

/** Follow one run: asked again as long as it moves, and where it is the page's matter (`stream`) by its events. */
export function useRun(runId: string, { stream = false }: { stream?: boolean } = {}) {
  const [streaming, setStreaming] = useState(false);
  const query = queries.useQuery("get", "/v1/ingestions/{run_id}", { params: { path: { run_id: runId } } }, {
    refetchInterval: (asked: { state: { data?: Run | undefined; error: unknown } }) => {
      const run = asked.state.data;
      if (run ? ended(run) : asked.state.error) return false;
      return streaming ? ASKED_BESIDE_STREAM_MS : ASKED_WITHOUT_STREAM_MS;
    },
  });
  const follows = stream && query.data !== undefined && moving(query.data);
  useEffect(() => {
    if (!follows) return;
    const leaving = new AbortController();
    void follow(runId, leaving.signal, setStreaming);
    return () => leaving.abort();
  }, [runId, follows]);
  const atWork = query.data && !ended(query.data);
  const wasAtWork = useRef(false);
  useEffect(() => {
    if (atWork === false && wasAtWork.current) void refresh("/v1/documents", "/v1/collections", "/v1/sources", "/v1/ingestions");
    wasAtWork.current = atWork === true;
  }, [atWork]);
  return query;
}

// What a stream cannot tell any more is asked for: a broken one costs a second, not the page.
async function follow(runId: string, signal: AbortSignal, setStreaming: (streaming: boolean) => void): Promise<void> {
  const key = wanted(runId).queryKey;
  let asked = 0;
  try {
    for await (const { name, data } of streamed("GET", `/v1/ingestions/${encodeURIComponent(runId)}/events`, { signal })) {
      setStreaming(true);
      if (name === "progress" && isProgress(data)) {
        queryClient.setQueryData<Run>(key, (run) => run && { ...run, progress: data });
        if (Date.now() - asked > ASKED_WITHOUT_STREAM_MS) {
          asked = Date.now();
          void refresh(DOCUMENTS);
        }
      }
      if (name === "done" || name === "error") break;
    }
  } catch {
    // Asking goes on.
  }
  if (signal.aborted) return;
  setStreaming(false);
  await refresh("/v1/ingestions/{run_id}", DOCUMENTS);
}

const DOCUMENTS = "/v1/ingestions/{run_id}/documents";
