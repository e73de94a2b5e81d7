import { Button } from "@mantine/core";
import { IconPlayerPause, IconPlayerPlay, IconRefresh } from "@tabler/icons-react";
import { notifications } from "@mantine/notifications";
import { api, queries } from "@/api/client";
import { refresh } from "@/api/queryClient";
import { Confirmed } from "@/kit/Confirmed";
import { count } from "@/kit/numbers";
import { ended, moving, retriable, type Run } from "./run";

const changed = () => refresh("/v1/ingestions");

/** What can be done with a run as it is now. */
export function RunActions({ run }: { run: Run }) {
  const params = { path: { run_id: run.id } };
  const pause = queries.useMutation("post", "/v1/ingestions/{run_id}/pause", { onSettled: changed });
  const resume = queries.useMutation("post", "/v1/ingestions/{run_id}/resume", { onSettled: changed });
  const retry = queries.useMutation("post", "/v1/ingestions/{run_id}/retry", {
    onSuccess: ({ documents }) => notifications.show({ message: `${count(documents, "document")} will be tried again.` }),
    onSettled: changed,
  });
  const again = retriable(run.progress);
  return (
    <>
      {moving(run) && (
        <Button variant="default" leftSection={<IconPlayerPause size={16} aria-hidden />} loading={pause.isPending}
          onClick={() => pause.mutate({ params })}>Pause</Button>
      )}
      {run.state === "paused" && (
        <Button leftSection={<IconPlayerPlay size={16} aria-hidden />} loading={resume.isPending}
          onClick={() => resume.mutate({ params })}>Go on</Button>
      )}
      {ended(run) && again > 0 && (
        <Button variant="default" leftSection={<IconRefresh size={16} aria-hidden />} loading={retry.isPending}
          onClick={() => retry.mutate({ params })}>Try {count(again, "document")} again</Button>
      )}
      {!ended(run) && (
        <Confirmed variant="default" label="Cancel the run" question="Cancel this run?" verb="Cancel the run"
          consequence="What was taken in stays. The documents that are still waiting are left out; they can be tried again later."
          onConfirm={async () => {
            await api.POST("/v1/ingestions/{run_id}/cancel", { params });
            await changed();
          }} />
      )}
    </>
  );
}
