import { useEffect, useMemo, useRef, useState } from "react";
import { Button, Group, Progress, Stack, Text } from "@mantine/core";
import { useBlocker } from "@tanstack/react-router";
import { Empty } from "@/kit/Empty";
import { count } from "@/kit/numbers";
import type { GoldenSet } from "./AddQuestions";
import { Conflict } from "./Conflict";
import { decided, nextUndecided, stillValid, type Decisions, type Review } from "./decisions";
import { DraftCard } from "./DraftCard";
import { useReviewed } from "./useReviewed";

/** Drafts one by one: approve, reject, edit; what was decided is saved together, as one version. */
export function DraftReview({ set }: { set: GoldenSet }) {
  const drafts = useMemo(() => set.questions.filter(({ draft }) => draft), [set.questions]);
  const [decisions, setDecisions] = useState<Decisions>({});
  const [place, setPlace] = useState(0);
  const [told, setTold] = useState("");
  const undecided = drafts.length - Object.keys(decisions).length;
  const { review, busy, failure, forget } = useReviewed(set);
  useKept(set.questions, setDecisions);
  useBlocker({ shouldBlockFn: () => !window.confirm("What you decided is not saved yet. Leave all the same?"), disabled: Object.keys(decisions).length === 0 || busy });

  function decide(made: Review) {
    const after = { ...decisions, [made.key]: made };
    const next = nextUndecided(drafts, after, place);
    setDecisions(after);
    if (next >= 0) setPlace(next);
    setTold(`${made.action === "approve" ? "Approved" : "Rejected"}. ${next >= 0 ? `Draft ${next + 1} of ${drafts.length}` : "All are decided: save them."}`);
  }

  function save() {
    // What is decided while these are on their way is not among them.
    review(Object.values(decisions), () => setDecisions((now) => Object.fromEntries(Object.entries(now).filter(([key, made]) => decisions[key] !== made))));
  }

  const draft = drafts[Math.min(place, drafts.length - 1)];
  if (!draft) {
    return <Empty title="There are no drafts to review">Add questions drafted from documents, or look at the questions that are there.</Empty>;
  }
  return (
    <Stack gap="md">
      <Group justify="space-between">
        <Text size="sm" className="figures">{count(undecided, "draft")} left of {drafts.length}</Text>
        <Save decisions={decisions} busy={busy} onSave={save} />
      </Group>
      <Progress value={(100 * (drafts.length - undecided)) / drafts.length} aria-label="Drafts decided" />
      <Conflict failure={failure} forget={forget} keeps="What you decided about questions that nobody touched is kept." />
      <DraftCard key={draft._id} draft={draft} place={Math.min(place, drafts.length - 1)} total={drafts.length} decision={decisions[draft._id]}
        onDecide={decide} onMove={(by) => setPlace((now) => (now + by + drafts.length) % drafts.length)} />
      <Text size="sm" role="status" c="dimmed">{told}</Text>
    </Stack>
  );
}

// A newer version came in, after a conflict or by somebody's hand: what was decided about other words is forgotten.
function useKept(questions: GoldenSet["questions"], setDecisions: (change: (now: Decisions) => Decisions) => void) {
  const before = useRef(questions);
  useEffect(() => {
    const looked = before.current;
    before.current = questions;
    if (looked !== questions) setDecisions((now) => stillValid(now, looked, questions));
  }, [questions, setDecisions]);
}

function Save({ decisions, busy, onSave }: { decisions: Decisions; busy: boolean; onSave: () => void }) {
  const some = Object.keys(decisions).length > 0;
  return (
    <Group gap="sm">
      {some && <Text size="sm">{decided(decisions)}, not saved yet</Text>}
      <Button disabled={!some} loading={busy} onClick={onSave}>Save decisions</Button>
    </Group>
  );
}
