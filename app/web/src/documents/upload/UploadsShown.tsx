import { ActionIcon, Alert, Button, Group, Paper, Progress, Stack, Text, Title } from "@mantine/core";
import { IconX } from "@tabler/icons-react";
import { Link } from "@/kit/Link";
import { bytes, count, percent } from "@/kit/numbers";
import { StateBadge } from "@/kit/StateBadge";
import { ended, type Run } from "@/runs/run";
import { RunProgress } from "@/runs/RunProgress";
import { useRun } from "@/runs/useRun";
import { useCaller } from "@/session/session";
import { uploadQueue, useUploads, type Upload } from "./queue";

const SHOWN = 20;

/** What is on its way to the server, and what becomes of it there. */
export function UploadsShown() {
  const uploads = useUploads();
  if (uploads.length === 0) return null;
  const underWay = uploads.filter(({ state }) => state !== "sent");
  const runs = [...new Set(uploads.flatMap(({ runId }) => runId ?? []))];
  const sent = uploads.length - underWay.length;
  return (
    <Paper withBorder p="md" component="section" aria-label="Uploads">
      <Stack>
        <Group justify="space-between">
          <Title order={2} size="h4">Uploads</Title>
          {sent > 0 && <Button size="xs" variant="default" onClick={() => uploadQueue.clear()}>Clear what has arrived</Button>}
        </Group>
        <Text size="sm" role="status">{count(sent, "file")} of {uploads.length} sent</Text>
        {underWay.slice(0, SHOWN).map((upload) => <OnItsWay key={upload.id} upload={upload} />)}
        {underWay.length > SHOWN && <Text size="sm" c="dimmed">and {count(underWay.length - SHOWN, "more file", "more files")}</Text>}
        {runs.map((runId) => <Arrived key={runId} runId={runId} />)}
      </Stack>
    </Paper>
  );
}

function OnItsWay({ upload }: { upload: Upload }) {
  const { csrf_token } = useCaller();
  const share = upload.file.size > 0 ? upload.sentBytes / upload.file.size : 0;
  return (
    <div>
      <Group justify="space-between" wrap="nowrap" gap="xs">
        <Text size="sm" className="breakable">{upload.name}</Text>
        <Group gap="xs" wrap="nowrap">
          <Text size="xs" c="dimmed" className="figures nowrap">{bytes(upload.file.size)}, {upload.state === "sending" ? percent(share) : upload.state}</Text>
          {upload.state === "failed" && <Button size="compact-xs" variant="default" onClick={() => uploadQueue.again(upload.id, csrf_token ?? "")}>Go on</Button>}
          <ActionIcon variant="subtle" color="gray" size="sm" aria-label={`Cancel ${upload.name}`} onClick={() => uploadQueue.cancel(upload.id)}>
            <IconX size={14} aria-hidden />
          </ActionIcon>
        </Group>
      </Group>
      <Progress value={100 * share} size="sm" aria-label={`Sent of ${upload.name}`} color={upload.state === "failed" ? "red" : "blue"} />
      {upload.reason && <Text size="sm" c="red" role="alert" className="breakable">{upload.reason}</Text>}
    </div>
  );
}

function Arrived({ runId }: { runId: string }) {
  const { data: run, isError } = useRun(runId);
  if (isError && !run) return null;
  if (!run) return <Text size="sm" c="dimmed">Arrived</Text>;
  return (
    <Stack gap="xs">
      <Group gap="xs">
        <StateBadge state={run.state} />
        <Link to="/runs/$runId" params={{ runId }} size="sm" className="breakable">{ended(run) ? "What became of each document" : "Follow each document"}</Link>
      </Group>
      <RunProgress run={run} />
      <Failures run={run} />
    </Stack>
  );
}

function Failures({ run }: { run: Run }) {
  if (run.failures.length === 0) return null;
  return (
    <Alert color="orange" title={`${count(run.failures.length, "document was", "documents were")} not taken in`}>
      <ul>
        {run.failures.slice(0, SHOWN).map(({ name, uri, reason }) => (
          <li key={uri} className="breakable"><b>{name}</b>: {reason}</li>
        ))}
      </ul>
    </Alert>
  );
}
