import { Alert, Button, Group, Progress, Stack, Text, VisuallyHidden } from "@mantine/core";
import { IconAlertTriangle, IconCheck, IconPlayerStop } from "@tabler/icons-react";
import { ButtonLink } from "@/kit/Link";
import { grouped } from "@/kit/numbers";
import { useRunning, type Running } from "./running";

/** How far the evaluation is, or what became of it. */
export function RunningEvaluation({ running }: { running: Running }) {
  const { stop, dismiss } = useRunning();
  if (running.state === "running") return <Underway running={running} stop={stop} />;
  const away = <Button variant="default" size="xs" onClick={dismiss}>Measure again</Button>;
  if (running.state === "done") {
    return (
      <Alert color="green" icon={<IconCheck aria-hidden />} title={`${running.set} was measured`} role="status">
        <Group gap="xs">
          {running.runId && <ButtonLink to="/quality/evaluations/$runId" params={{ runId: running.runId }} size="xs">Open the report</ButtonLink>}
          {away}
        </Group>
      </Alert>
    );
  }
  const stopped = running.state === "stopped";
  return (
    <Alert color={stopped ? "gray" : "red"} icon={<IconAlertTriangle aria-hidden />} role={stopped ? "status" : "alert"}
      title={stopped ? "The evaluation was stopped" : "The evaluation failed"}>
      <Stack gap="xs" align="flex-start">
        <Text size="sm" className="breakable">{stopped ? "Nothing of it was kept." : running.failure}</Text>
        {away}
      </Stack>
    </Alert>
  );
}

function Underway({ running, stop }: { running: Running; stop: () => void }) {
  const { done, total, stage } = running;
  const share = total > 0 ? (100 * done) / total : 0;
  return (
    <Stack gap="xs">
      <Group justify="space-between">
        <Text size="sm" fw={600} className="breakable">Measuring {running.set}</Text>
        <Button variant="default" size="xs" leftSection={<IconPlayerStop size={14} aria-hidden />} onClick={stop}>Stop</Button>
      </Group>
      <Progress value={share} animated aria-label="Questions asked" size="lg" />
      {/* Told every tenth: a screen reader would never get to the end of a sentence otherwise. */}
      <Text size="sm" c="dimmed" aria-hidden className="figures">
        {total > 0 ? `${stage}: ${grouped(done)} of ${grouped(total)}` : "Getting ready"}
      </Text>
      <VisuallyHidden role="status">{total > 0 ? `${Math.floor(share / 10) * 10} % done` : "Getting ready"}</VisuallyHidden>
      <Text size="xs" c="dimmed">It goes on while you look at other pages here; closing the browser tab or reloading it stops it.</Text>
    </Stack>
  );
}
