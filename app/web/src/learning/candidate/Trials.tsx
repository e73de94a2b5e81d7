import { Stack, Title } from "@mantine/core";
import { StateBadge } from "@/kit/StateBadge";
import { Section } from "@/people/Section";
import type { Trial } from "../learned";
import { TRIALS } from "../words";
import { TrialFigures } from "./TrialFigures";

/** Trials of a candidate that have ended, the newest first. */
export function EndedTrials({ trials }: { trials: Trial[] }) {
  const ended = trials.filter(({ state }) => state !== "running");
  if (!ended.length) return null;
  return (
    <Section title="Trials that have ended">
      <ul className="rows">
        {ended.map((trial) => (
          <li key={trial.id}>
            <Stack gap="xs">
              <Title order={3} size="h5">{TRIALS[trial.kind].name} <StateBadge state={trial.state} /></Title>
              <TrialFigures trial={trial} />
            </Stack>
          </li>
        ))}
      </ul>
    </Section>
  );
}
