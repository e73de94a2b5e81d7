import { useEffect, useRef, useState, type KeyboardEvent } from "react";
import { flushSync } from "react-dom";
import { Button, Group as Row, Kbd, Paper, Stack, Text, Title } from "@mantine/core";
import { queries, type Schemas } from "@/api/client";
import { Failure } from "@/kit/Failure";
import { count } from "@/kit/numbers";
import { gradeOf, nextWithout, type Grade, type Grades, type Task } from "./grades";
import { PassageToGrade } from "./PassageToGrade";

interface TaskFormProps {
  task: Task;
  /** Whether the question takes the focus: where it stands in the place of one that was just graded. */
  takesFocus: boolean;
  onDone: (isGraded: boolean) => void;
}

/** A question and its passages, to be graded. Its keys work while the focus is within, so that they never fire elsewhere. */
export function TaskForm({ task, takesFocus, onDone }: TaskFormProps) {
  const form = useRef<HTMLFormElement>(null);
  const [grades, setGrades] = useState<Grades>({});
  const ids = task.passages.map(({ passage_id: id }) => id);
  const left = ids.filter((id) => grades[id] === undefined).length;
  const label = queries.useMutation("post", "/v1/review/tasks/{task_id}/labels", { meta: { quiet: true }, onSuccess: ({ outcome }) => onDone(outcome !== "skipped") });
  const say = (body: Schemas["LabelsBody"]) => label.mutate({ params: { path: { task_id: task.id } }, body });
  useEffect(() => {
    if (takesFocus) focusOn(form.current, ".review-task-question");
  }, [takesFocus]);

  function graded(id: string, grade: Grade, goOn: boolean) {
    const after = { ...grades, [id]: grade };
    // At once, so that the focus has moved on, and the button can be pressed, before the next key.
    flushSync(() => setGrades(after));
    if (!goOn) return;
    const next = nextWithout(ids, after, id);
    focusOn(form.current, next === null ? "[data-save]" : `[data-passage="${CSS.escape(next)}"] input`);
  }

  function pressed(event: KeyboardEvent<HTMLFormElement>) {
    if (event.ctrlKey || event.metaKey || event.altKey || label.isPending || !(event.target instanceof HTMLElement)) return;
    const grade = gradeOf(event.key);
    const at = event.target.closest("[data-passage]")?.getAttribute("data-passage") ?? nextWithout(ids, grades, null);
    if (grade !== null && at !== null) {
      event.preventDefault();
      graded(at, grade, true);
    } else if (event.key === "Enter" && left === 0 && event.target.closest("button, a") === null) {
      event.preventDefault();
      say({ grades, none: false, skip: false });
    }
  }

  return (
    <Paper withBorder p="md" component="section" aria-label="Question to grade">
      {/* oxlint-disable-next-line jsx-a11y/no-noninteractive-element-interactions -- keys of the radio buttons within */}
      <form ref={form} onKeyDown={pressed} onSubmit={(event) => {
        event.preventDefault();
        if (left === 0) say({ grades, none: false, skip: false });
      }}>
        <Stack gap="md">
          <div className="review-task-head">
            <Text size="sm" c="dimmed">How well does each passage answer this question?</Text>
            <Title order={2} size="h3" tabIndex={-1} dir="auto" className="breakable review-task-question">{task.question}</Title>
            <Text size="sm" c="dimmed" className="wide-only">The keys 0, 1 and 2 grade a passage and go to the next one; Enter saves.</Text>
            {task.hidden > 0 && <Text size="sm" c="dimmed">{count(task.hidden, "passage")} of this question {task.hidden === 1 ? "is" : "are"} for others: you may not read {task.hidden === 1 ? "it" : "them"}.</Text>}
          </div>
          {task.passages.map((passage, at) => (
            <PassageToGrade key={passage.passage_id} passage={passage} place={at + 1} total={ids.length} grade={grades[passage.passage_id]}
              onGrade={(grade) => graded(passage.passage_id, grade, false)} />
          ))}
          <Failure error={label.error} />
          <Row gap="sm" className="review-save">
            <Button type="submit" data-save loading={label.isPending} disabled={left > 0 && !label.isPending} rightSection={<Kbd size="xs" aria-hidden>Enter</Kbd>}>Save and go on</Button>
            <Button variant="default" disabled={label.isPending} onClick={() => say({ none: true, skip: false })}>None answers</Button>
            <Button variant="subtle" disabled={label.isPending} onClick={() => say({ none: false, skip: true })}>Skip</Button>
            <Text size="sm" c="dimmed" role="status">{left === 0 ? "All passages are graded." : `${count(left, "passage")} left of ${ids.length}`}</Text>
          </Row>
        </Stack>
      </form>
    </Paper>
  );
}

function focusOn(within: HTMLElement | null, selector: string) {
  const found = within?.querySelector(selector);
  if (!(found instanceof HTMLElement)) return;
  const passage = found.closest("[data-passage]");
  found.focus({ preventScroll: true });
  (passage ?? found).scrollIntoView({ block: passage ? "start" : "nearest" });
}
