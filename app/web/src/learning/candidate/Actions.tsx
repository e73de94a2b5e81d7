import { Alert, Stack, Text } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { api, Problem, type Schemas } from "@/api/client";
import { refresh } from "@/api/queryClient";
import { Confirmed } from "@/kit/Confirmed";
import { Section } from "@/people/Section";
import { Approved } from "../approvals/Approved";
import { useLearning } from "../learned";
import { RollBack } from "../overview/RollBack";
import { StopTrial } from "../overview/RunningTrial";
import { short, stateInWords } from "../words";
import { ChangeShare, TrialForm } from "./TrialForm";
import { TrialFigures } from "./TrialFigures";

type Candidate = Schemas["OpenedCandidateBody"];

/** What can be done with a candidate in its state. */
export function Actions({ candidate }: { candidate: Candidate }) {
  const { state, live_at: liveAt } = candidate;
  return (
    <>
      {state === "live" && <Section title="It is live" description={stateInWords(state)} actions={<RollBack candidateId={candidate.id} />} />}
      {(state === "passed" || state === "trial") && <TrialSection candidate={candidate} />}
      {(state === "passed" || state === "trial" || (state === "retired" && liveAt)) && <Promotion candidateId={candidate.id} />}
      {(state === "refused" || state === "made") && <Alert color={state === "refused" ? "red" : "gray"} title={state === "refused" ? "It cannot serve" : "Not measured yet"}>
        {stateInWords(state)} {candidate.reason && <Text span size="sm" className="breakable">({candidate.reason})</Text>}
      </Alert>}
    </>
  );
}

function TrialSection({ candidate }: { candidate: Candidate }) {
  const running = candidate.trials.find(({ state }) => state === "running");
  const other = useLearning().data?.trial ?? null;
  if (running) {
    return (
      <Section title="The trial that runs" actions={<StopTrial trial={running} />}>
        <TrialFigures trial={running} />
        <ChangeShare key={running.id} trial={running} />
      </Section>
    );
  }
  return (
    <Section title="Try it beside what is live" description="A trial measures a candidate with its readers before it is live. It may be left out.">
      {other && other.candidate_id !== candidate.id
        ? <Text size="sm">Candidate {short(other.candidate_id)} is being tried. One trial runs at a time: stop that one first.</Text>
        : <TrialForm candidateId={candidate.id} wordsAnswers={candidate.rung === "generator"} />}
    </Section>
  );
}

function Promotion({ candidateId }: { candidateId: string }) {
  return (
    <Section title="Promote it" description="It then answers everybody, from the next question on. One click goes back.">
      <Approved action="promote" subject={candidateId}><Promote candidateId={candidateId} /></Approved>
    </Section>
  );
}

function Promote({ candidateId }: { candidateId: string }) {
  async function promote() {
    try {
      await api.POST("/v1/learning/candidates/{candidate_id}/promotion", { params: { path: { candidate_id: candidateId } } });
    } catch (error) {
      // Whoever looks at an old page learns what changed meanwhile.
      if (error instanceof Problem && error.status === 409) void refresh("/v1/learning", "/v1/approvals");
      throw error;
    }
    await refresh("/v1/learning", "/v1/approvals");
    notifications.show({ color: "green", title: "Promoted", message: `Candidate ${short(candidateId)} is live.` });
  }
  return (
    <Stack align="flex-start">
      <Confirmed label="Promote" question="Promote this candidate?" verb="Promote" onConfirm={promote}
        consequence="It uses up the approval. Everybody is answered by it from the next question on, and a trial that runs stops. Roll back undoes it within a second." />
    </Stack>
  );
}
