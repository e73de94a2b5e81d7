import { api } from "@/api/client";

const LOOK_MS = 1_000;
const GOES_ON = new Set(["queued", "running"]);

/** Wait until a run has ended, or was paused: what it took in is found from then on. */
export async function whenEnded(runId: string): Promise<void> {
  for (;;) {
    const { data } = await api.GET("/v1/ingestions/{run_id}", { params: { path: { run_id: runId } } });
    if (!data || !GOES_ON.has(data.state)) return;
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
}
