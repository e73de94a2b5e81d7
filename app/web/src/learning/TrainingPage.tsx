import { Alert, Stack, Text } from "@mantine/core";
import { useParams } from "@tanstack/react-router";
import { Empty } from "@/kit/Empty";
import { Link } from "@/kit/Link";
import { Page } from "@/kit/Page";
import { Shown } from "@/kit/Shown";
import { StateBadge } from "@/kit/StateBadge";
import { When } from "@/kit/When";
import { AdministratorsOnly } from "@/people/AdministratorsOnly";
import { useNames } from "@/people/names";
import { Section } from "@/people/Section";
import { Outcomes } from "./lists/Outcomes";
import { requester, took } from "./lists/RunList";
import { RunProgress } from "./lists/RunProgress";
import { underWay, useRun, type Run } from "./learned";
import { placeInWords, rungsInWords } from "./words";

/** One training: how far it is, and what came out for each rung. */
export function TrainingPage() {
  const { runId = "" } = useParams({ strict: false });
  return (
    <Page title="Training" above={<Link to="/learning" search={{ tab: "runs" }} size="sm">Learning</Link>}>
      <AdministratorsOnly><Opened runId={runId} /></AdministratorsOnly>
    </Page>
  );
}

function Opened({ runId }: { runId: string }) {
  return <Shown query={useRun(runId)}>{(run) => <Training run={run} />}</Shown>;
}

function Training({ run }: { run: Run }) {
  return (
    <Stack gap="lg">
      <Section title={rungsInWords(run.rungs)} actions={<StateBadge state={run.state} />}>
        {underWay(run) && <RunProgress run={run} linked={false} />}
        {run.error && <Alert color="red" title="It failed"><Text size="sm" className="breakable">{run.error}</Text></Alert>}
        <Facts run={run} />
      </Section>
      {run.outcomes.length ? <Outcomes outcomes={run.outcomes} /> : <Nothing run={run} />}
    </Stack>
  );
}

function Facts({ run }: { run: Run }) {
  const names = useNames([run.requested_by]);
  return (
    <dl className="facts">
      <dt>Asked for</dt><dd><When at={run.requested_at} /> by {names.get(run.requested_by) ?? requester(run)}</dd>
      <dt>Started</dt><dd><When at={run.started_at} empty="not yet" /></dd>
      {run.ended_at && <><dt>Ended</dt><dd><When at={run.ended_at} />, after {took(run) || "no time"}</dd></>}
      {run.report_to && <><dt>Figures told to</dt><dd>{placeInWords(run.report_to)}</dd></>}
      {run.set_id && <><dt>Training set</dt><dd><code className="breakable">{run.set_id}</code></dd></>}
    </dl>
  );
}

function Nothing({ run }: { run: Run }) {
  if (underWay(run)) return <Text size="sm" c="dimmed">What comes out for each rung stands here as soon as it is known.</Text>;
  return <Empty title="Nothing came out">{run.state === "done" ? "No rung was open: more has to be said about answers first." : "It ended before anything was measured."}</Empty>;
}
