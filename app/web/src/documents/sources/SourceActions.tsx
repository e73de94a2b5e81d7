import { Button, Group } from "@mantine/core";
import { IconPlayerPause, IconPlayerPlay, IconRefresh } from "@tabler/icons-react";
import { notifications } from "@mantine/notifications";
import { queries, type Schemas } from "@/api/client";
import { refresh } from "@/api/queryClient";
import { ended } from "@/runs/run";

const changed = () => refresh("/v1/sources", "/v1/ingestions");

/** Sync a source now, pause it, or let it go on. */
export function SourceActions({ source, compact = false }: { source: Schemas["SourceBody"]; compact?: boolean }) {
  const params = { path: { source_id: source.id } };
  const sync = queries.useMutation("post", "/v1/sources/{source_id}/sync", {
    onSuccess: () => notifications.show({ message: `${source.name} is being synced.` }),
    onSettled: changed,
  });
  const change = queries.useMutation("patch", "/v1/sources/{source_id}", { onSettled: changed });
  const atWork = source.last_run !== null && !ended(source.last_run);
  const size = compact ? "xs" : "sm";
  return (
    <Group gap="xs" justify="flex-end" wrap={compact ? "nowrap" : "wrap"}>
      <Button size={size} variant="default" leftSection={<IconRefresh size={14} aria-hidden />} disabled={atWork} loading={sync.isPending} aria-label={`Sync ${source.name} now`}
        onClick={() => sync.mutate({ params })}>Sync now</Button>
      <Button size={size} variant="default" loading={change.isPending} aria-label={source.paused ? `Let ${source.name} go on` : `Pause ${source.name}`}
        leftSection={source.paused ? <IconPlayerPlay size={14} aria-hidden /> : <IconPlayerPause size={14} aria-hidden />}
        onClick={() => change.mutate({ params, body: { paused: !source.paused } })}>{source.paused ? "Go on" : "Pause"}</Button>
    </Group>
  );
}
