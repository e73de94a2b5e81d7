import { useState } from "react";
import { Button, Group, Radio, Slider, Stack, Text } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { api, queries } from "@/api/client";
import { refresh } from "@/api/queryClient";
import { Confirmed } from "@/kit/Confirmed";
import { Failure } from "@/kit/Failure";
import type { Trial } from "../learned";
import { TRIALS, type Kind } from "../words";

const KINDS: Kind[] = ["shadow", "interleave", "share"];

function isKind(value: string): value is Kind {
  return KINDS.some((kind) => kind === value);
}

async function begun(): Promise<void> {
  await refresh("/v1/learning");
  notifications.show({ color: "green", title: "The trial runs", message: "Its figures come with the next questions." });
}

/** Begins a trial of a candidate that passed the gate. */
export function TrialForm({ candidateId, wordsAnswers }: { candidateId: string; wordsAnswers: boolean }) {
  const kinds = wordsAnswers ? KINDS.filter((kind) => kind === "share") : KINDS;
  const [kind, setKind] = useState<Kind>(wordsAnswers ? "share" : "shadow");
  const [share, setShare] = useState(50);
  const params = { path: { candidate_id: candidateId } };
  const begin = queries.useMutation("post", "/v1/learning/candidates/{candidate_id}/trial", { meta: { quiet: true }, onSuccess: begun });
  return (
    <form onSubmit={(event) => {
      event.preventDefault();
      begin.mutate({ params, body: { kind, share: share / 100 } });
    }}>
      <Stack gap="sm">
        <Radio.Group label="How it is tried" value={kind} onChange={(value) => { if (isKind(value)) { setKind(value); setShare(Math.min(share, most(value))); } }}>
          <Stack gap="xs" mt="xs">{kinds.map((one) => <Radio key={one} value={one} label={TRIALS[one].name} description={TRIALS[one].what} />)}</Stack>
        </Radio.Group>
        <ShareSlider kind={kind} share={share} choose={setShare} />
        <Failure error={begin.error} />
        <Group><Button type="submit" variant="default" loading={begin.isPending}>Start the trial</Button></Group>
      </Stack>
    </form>
  );
}

/** Another share: the trial ends, and one of the same kind begins. */
export function ChangeShare({ trial }: { trial: Trial }) {
  const [share, setShare] = useState(Math.round(100 * trial.share));
  async function change() {
    await api.DELETE("/v1/learning/trial");
    await api.POST("/v1/learning/candidates/{candidate_id}/trial", {
      params: { path: { candidate_id: trial.candidate_id } }, body: { kind: trial.kind, share: share / 100 },
    }).finally(() => refresh("/v1/learning"));
    await begun();
  }
  return (
    <Stack gap="xs">
      <ShareSlider kind={trial.kind} share={share} choose={setShare} />
      <Group>
        <Confirmed label="Change the share" variant="default" question={`Change the share to ${share} %?`} verb="Stop and begin again" onConfirm={change}
          disabled={share === Math.round(100 * trial.share)}
          consequence={`This trial stops and another begins. What was counted (${trial.wins} won, ${trial.losses} lost) stays on record and does not count in the new one: who is asked what would differ.`} />
      </Group>
    </Stack>
  );
}

function most(kind: Kind): number {
  return kind === "share" ? 50 : 100;
}

function ShareSlider({ kind, share, choose }: { kind: Kind; share: number; choose: (share: number) => void }) {
  const of = kind === "share" ? "Share of people it answers" : "Share of questions in which it takes part";
  return (
    <div className="share">
      <Text size="sm" fw={500}>{of}: {share} %</Text>
      <Slider thumbLabel={of} min={1} max={most(kind)} value={share} onChange={choose} label={null} />
    </div>
  );
}
