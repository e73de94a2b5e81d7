import { Group, Progress, Stack, Text } from "@mantine/core";
import { count, grouped, seconds } from "@/kit/numbers";
import { moving, outcomes, shareDone, type Run } from "./run";

/** How far a run is: a bar, and the same in words. */
export function RunProgress({ run }: { run: Run }) {
  const { total, done, failed, quarantined, cancelled } = run.progress;
  const share = (n: number) => (total > 0 ? (100 * n) / total : 0);
  const bad = failed + quarantined + cancelled;
  return (
    <Stack gap={6}>
      <Progress.Root size="lg">
        <Progress.Section value={100 * shareDone(run) - share(bad)} color={run.state === "failed" ? "red" : "green"}
          animated={run.state === "running"} aria-label="Documents done" />
        {bad > 0 && <Progress.Section value={share(bad)} color="orange" aria-label="Documents not taken in" />}
      </Progress.Root>
      <Group justify="space-between" gap="xs">
        <Text size="sm" className="figures">{run.scanned || total > 0 ? `${grouped(done)} of ${count(total, "document")}` : "Looking for documents"}
          {!run.scanned && total > 0 && moving(run) && ", and still looking"}
        </Text>
        <Text size="sm" c="dimmed" className="figures">{pace(run)}</Text>
      </Group>
    </Stack>
  );
}

function pace(run: Run): string {
  const { per_second, eta_s } = run.progress;
  if (!moving(run)) return `${outcomes(run.progress)} in ${seconds(run.seconds)}`;
  const said = per_second > 0 ? [`${per_second.toFixed(1)} documents per second`] : [];
  if (eta_s !== null) said.push(`about ${seconds(eta_s)} left`);
  return said.join(", ") || "waiting for its turn";
}
