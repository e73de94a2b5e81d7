import { Stack, Text } from "@mantine/core";
import { useParams } from "@tanstack/react-router";
import type { Schemas } from "@/api/client";
import { Link } from "@/kit/Link";
import { Page } from "@/kit/Page";
import { Shown } from "@/kit/Shown";
import { StateBadge } from "@/kit/StateBadge";
import { AdministratorsOnly } from "@/people/AdministratorsOnly";
import { Section } from "@/people/Section";
import { Actions } from "./candidate/Actions";
import { Life } from "./candidate/Life";
import { lifeOf } from "./candidate/steps";
import { Manifest } from "./candidate/Manifest";
import { GateReport } from "./candidate/Report";
import { TrainingSet } from "./candidate/TrainingSet";
import { EndedTrials } from "./candidate/Trials";
import { headline, madeBy } from "./gate";
import { useCandidate, useRuns } from "./learned";
import { RUNGS, rungsInWords, short } from "./words";

/** One candidate: where it stands, what the gate found, what it was trained on, and what can be done with it. */
export function CandidatePage() {
  const { candidateId = "" } = useParams({ strict: false });
  return (
    <Page title={`Candidate ${short(candidateId)}`} above={<Link to="/learning" search={{ tab: "candidates" }} size="sm">Learning</Link>}>
      <AdministratorsOnly><Opened candidateId={candidateId} /></AdministratorsOnly>
    </Page>
  );
}

function Opened({ candidateId }: { candidateId: string }) {
  return <Shown query={useCandidate(candidateId)}>{(found) => <Candidate candidate={found} />}</Shown>;
}

function Candidate({ candidate }: { candidate: Schemas["OpenedCandidateBody"] }) {
  const run = madeBy(useRuns().data?.runs ?? [], candidate.id);
  const { name, what } = RUNGS[candidate.rung];
  const below = candidate.report?.recipe.filter((rung) => rung !== candidate.rung) ?? [];
  return (
    <Stack gap="lg">
      <Section title={below.length ? `${name}, with ${rungsInWords(below).toLowerCase()}` : name} description={what} actions={<StateBadge state={candidate.state} />}>
        <Life steps={lifeOf(candidate, run?.requested_by ?? null)} />
        {candidate.report && <Text fw={600}>{headline(candidate.report)}</Text>}
        <Text size="sm">
          {run ? <Link to="/learning/runs/$runId" params={{ runId: run.id }} underline="always">The training that made it</Link> : "The training that made it is no longer listed."}
          {candidate.parent && <>. When it was made, <Link to="/learning/candidates/$candidateId" params={{ candidateId: candidate.parent }} underline="always">{short(candidate.parent)}</Link> was live</>}.
        </Text>
      </Section>
      <Actions candidate={candidate} />
      {candidate.report && <GateReport report={candidate.report} />}
      <EndedTrials trials={candidate.trials} />
      <TrainingSet setId={candidate.set_id} lineage={candidate.lineage} />
      <Manifest id={candidate.id} manifest={candidate.manifest} />
    </Stack>
  );
}
