import { Alert, Stack, Text, VisuallyHidden } from "@mantine/core";
import { useParams } from "@tanstack/react-router";
import { Link } from "@/kit/Link";
import { bytes, grouped } from "@/kit/numbers";
import { Page } from "@/kit/Page";
import { PageTabs } from "@/kit/PageTabs";
import { Shown } from "@/kit/Shown";
import { Stat } from "@/kit/Stat";
import { StateBadge } from "@/kit/StateBadge";
import { When } from "@/kit/When";
import { ended, inWords, labelOf, type Run } from "./run";
import { RunActions } from "./RunActions";
import { RunDocuments } from "./RunDocuments";
import { RunProgress } from "./RunProgress";
import { StageTimes } from "./StageTimes";
import { useRun } from "./useRun";

/** One run, live while it goes on. */
export function RunPage() {
  const { runId } = useParams({ strict: false });
  const query = useRun(runId ?? "", { stream: true });
  const above = <Link to="/runs" size="sm">All runs</Link>;
  if (query.data === undefined) return <Page title="Run" above={above}><Shown query={query}>{() => null}</Shown></Page>;
  const run = query.data;
  return (
    <Page title={labelOf(run)} above={above} description={<About run={run} />} actions={<RunActions run={run} />}>
      {run.reason && <Alert color="red" title="The run failed" role="alert"><Text size="sm" className="breakable">{run.reason}</Text></Alert>}
      <RunProgress run={run} />
      <VisuallyHidden role="status">{ended(run) ? `The run has ended: ${run.state}` : `The run is ${run.state}`}</VisuallyHidden>
      <Counts run={run} />
      <PageTabs label="Parts of this run" tabs={[
        { value: "documents", label: "Documents", content: () => <RunDocuments run={run} /> },
        { value: "times", label: "Where the time went", content: () => <StageTimes run={run} /> },
      ]} />
    </Page>
  );
}

function About({ run }: { run: Run }) {
  return (
    <Text component="div" size="sm">
      <StateBadge state={run.state} /> in {run.collection}, begun <When at={run.created_at} />
      {run.source_id && <>, <Link to="/sources/$sourceId" params={{ sourceId: run.source_id }} underline="always">of a source</Link></>}
    </Text>
  );
}

const COUNTED = ["added", "updated", "moved", "unchanged", "deleted", "failed", "quarantined", "cancelled"] as const;

function Counts({ run }: { run: Run }) {
  const { progress } = run;
  return (
    <Stack gap="xs">
      <div className="stats">
        {COUNTED.filter((name) => progress[name] > 0).map((name) => (
          <Stat key={name} label={inWords(name).replace(/^./, (letter) => letter.toUpperCase())} value={grouped(progress[name])} />
        ))}
        <Stat label="Chunks written" value={grouped(progress.chunks)} note={`${grouped(progress.embedded)} needed a new vector`} />
        <Stat label="Size" value={bytes(progress.size_bytes)} />
      </div>
      <Text size="sm" c="dimmed">
        A chunk is a piece of a document that search finds; its vector is what makes it comparable with a question.
      </Text>
    </Stack>
  );
}
