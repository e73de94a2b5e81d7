import { Group, Stack, Text } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { api } from "@/api/client";
import { refresh } from "@/api/queryClient";
import { Confirmed } from "@/kit/Confirmed";
import { Link } from "@/kit/Link";
import { Section } from "@/people/Section";
import { TrialFigures } from "../candidate/TrialFigures";
import type { Trial } from "../learned";
import { short, TRIALS } from "../words";

/** The trial that runs: what it compares, how it stands, and a way to stop it. */
export function RunningTrial({ trial }: { trial: Trial }) {
  const { name, what } = TRIALS[trial.kind];
  return (
    <Section title="The trial that runs" actions={<StopTrial trial={trial} />} description={what}>
      <Stack gap="sm">
        <Group gap="xs">
          <Text size="sm">
            {name} of <Link to="/learning/candidates/$candidateId" params={{ candidateId: trial.candidate_id }} underline="always">{short(trial.candidate_id)}</Link>
            {" against "}
            {trial.against
              ? <Link to="/learning/candidates/$candidateId" params={{ candidateId: trial.against }} underline="always">{short(trial.against)}</Link>
              : "the server as it came"}
          </Text>
        </Group>
        <TrialFigures trial={trial} />
      </Stack>
    </Section>
  );
}

export function StopTrial({ trial }: { trial: Trial }) {
  return (
    <Confirmed label="Stop the trial" variant="default" question="Stop the trial?" verb="Stop the trial" onConfirm={stop}
      consequence={`What readers decided so far stays on record (${trial.wins} won, ${trial.losses} lost). A new trial of the candidate counts from the beginning.`} />
  );
}

async function stop(): Promise<void> {
  await api.DELETE("/v1/learning/trial");
  await refresh("/v1/learning");
  notifications.show({ color: "green", title: "The trial was stopped", message: "The candidate is as it was before." });
}
