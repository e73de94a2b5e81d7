import { Progress, Stack, Text } from "@mantine/core";
import { percent } from "@/kit/numbers";
import { Stat } from "@/kit/Stat";
import { When } from "@/kit/When";
import { useNames } from "@/people/names";
import type { Trial } from "../learned";
import { evidenceShare, trialFigure } from "./trial";

/** How a trial stands: what readers decided, how sure that is, and what was measured besides. */
export function TrialFigures({ trial }: { trial: Trial }) {
  const names = useNames([trial.started_by]);
  const measured = Object.entries(trial.figures).flatMap(([name, value]) => trialFigure(name, value) ?? []);
  return (
    <Stack gap="sm">
      <div className="stats">
        <Stat label={trial.kind === "share" ? "Of people" : "Of questions"} value={percent(trial.share)} />
        {trial.kind !== "shadow" && <Stat label="Answers it won" value={trial.wins} />}
        {trial.kind !== "shadow" && <Stat label="Answers it lost" value={trial.losses} />}
        {trial.kind !== "shadow" && <Stat label="Neither" value={trial.ties} note="Ties say nothing and are left out." />}
        {measured.map(({ label, value, note }) => <Stat key={label} label={label} value={value} note={note} />)}
      </div>
      {trial.e_value !== null && <Evidence trial={trial} eValue={trial.e_value} />}
      <Text size="sm" c="dimmed">
        Started <When at={trial.started_at} /> by {names.get(trial.started_by) ?? trial.started_by}
        {trial.ended_at && <>, ended <When at={trial.ended_at} />{trial.reason && `: ${trial.reason}`}</>}
      </Text>
    </Stack>
  );
}

function Evidence({ trial, eValue }: { trial: Trial; eValue: number }) {
  const words = `Evidence that one side is better: ${eValue.toFixed(1)} of ${trial.decides_at.toFixed(0)}`;
  return (
    <Stack gap={4} role="status">
      <Progress value={100 * evidenceShare(eValue, trial.decides_at)} aria-label={words} />
      <Text size="sm">{words}</Text>
      <Text size="xs" c="dimmed">
        This is an e-value. The trial ends by itself when it reaches {trial.decides_at.toFixed(0)}: where neither side is better, that happens in
        one trial of twenty at most, however often somebody looks.
      </Text>
    </Stack>
  );
}
