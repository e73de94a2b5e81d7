import { api } from "@/api/client";
import { refresh } from "@/api/queryClient";
import { Confirmed } from "@/kit/Confirmed";
import type { Run } from "../learned";

/** Stops a training that waits or is under way. */
export function CancelRun({ run }: { run: Run }) {
  async function cancel() {
    await api.DELETE("/v1/learning/runs/{run_id}", { params: { path: { run_id: run.id } } });
    await refresh("/v1/learning");
  }
  return (
    <Confirmed label="Cancel" size="xs" variant="default" question="Cancel the training?" verb="Cancel the training" onConfirm={cancel}
      consequence="It stops within seconds. What is live stays as it is. The approval that it used is used up: to train again takes another one." />
  );
}
