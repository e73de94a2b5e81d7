import { Group, Progress, Stack, Text } from "@mantine/core";
import { Link } from "@/kit/Link";
import { percent } from "@/kit/numbers";
import type { Run } from "../learned";
import { rungsInWords } from "../words";
import { CancelRun } from "./CancelRun";

/** How far a training is that is under way, in words that are read out as they change. */
export function RunProgress({ run, linked = true }: { run: Run; linked?: boolean }) {
  const { stage, share, message } = run.progress;
  const where = run.state === "waiting" ? "Waits for its turn" : stage === "waiting" ? "Starting" : sentence(stage);
  return (
    <Stack gap={6}>
      <Group justify="space-between" gap="sm">
        <Text size="sm" fw={600}>
          {linked ? <Link to="/learning/runs/$runId" params={{ runId: run.id }}>{rungsInWords(run.rungs)}</Link> : rungsInWords(run.rungs)}
        </Text>
        <CancelRun run={run} />
      </Group>
      <Progress value={100 * share} aria-label="Progress of the training" animated={run.state === "running"} />
      <Text size="sm" role="status" className="breakable">{where}{message && ` (${message.replaceAll("_", " ")})`}, {percent(share)} done</Text>
    </Stack>
  );
}

function sentence(words: string): string {
  return words.charAt(0).toUpperCase() + words.slice(1);
}
