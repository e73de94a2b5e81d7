import { Group, Text } from "@mantine/core";
import type { Schemas } from "@/api/client";
import { Shown } from "@/kit/Shown";
import { Section } from "@/people/Section";
import { Approved } from "../approvals/Approved";
import { TRAINING } from "../approvals/approval";
import { useApprovals, underWay, type Run } from "../learned";
import { RunProgress } from "../lists/RunProgress";
import { TrainForm } from "./TrainForm";

const ABOUT = "Candidates are made of what people said, and measured. Nothing changes for anybody: what passes the gate is promoted by hand. It takes minutes, and gives way to questions.";

/** The training that is under way, and the one that waits. */
export function UnderWay({ runs }: { runs: Run[] }) {
  const active = runs.filter(underWay);
  if (!active.length) return null;
  return <Section title="Training now">{active.map((run) => <RunProgress key={run.id} run={run} />)}</Section>;
}

/** Has candidates trained. */
export function Train({ needs, runs }: { needs: Schemas["NeedBody"][]; runs: Run[] }) {
  const waits = runs.some(({ state }) => state === "waiting");
  return (
    <Section title="Train" description={ABOUT}>
      {waits ? <Group><Text size="sm">One training waits already. Another can be asked for when it has begun.</Text></Group> : <Way needs={needs} />}
    </Section>
  );
}

function Way({ needs }: { needs: Schemas["NeedBody"][] }) {
  return (
    <Shown query={useApprovals()}>
      {({ people }) => (people === 1 ? <TrainForm needs={needs} /> : <Approved action="train" subject={TRAINING}><TrainForm needs={needs} /></Approved>)}
    </Shown>
  );
}
