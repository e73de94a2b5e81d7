import { Stack, Text } from "@mantine/core";
import { queries } from "@/api/client";
import { refresh } from "@/api/queryClient";
import { Empty } from "@/kit/Empty";
import { Link } from "@/kit/Link";
import { count } from "@/kit/numbers";
import { Shown } from "@/kit/Shown";
import { useAddress } from "../address";
import { TaskForm } from "./TaskForm";
import { useTask } from "./useTask";

/** One task after the other; or the one that the address names, which two people disagree on. */
export function Grading() {
  const [{ task }] = useAddress();
  return task ? <OneTask id={task} /> : <EachTask />;
}

function EachTask() {
  const { current, graded, done } = useTask();
  return (
    <Shown query={current}>
      {({ task }) => (
        <Stack gap="sm">
          <Text size="sm" role="status">{graded > 0 && `You graded ${count(graded, "question")} just now.`}</Text>
          {task ? <TaskForm key={task.id} task={task} takesFocus={graded > 0} onDone={(isGraded) => done(task.id, isGraded)} /> : (
            <Empty title="Nothing is left for you to grade">
              Fill the queue, or leave what is there to others: you are never given a question that you graded or skipped.
            </Empty>
          )}
        </Stack>
      )}
    </Shown>
  );
}

function OneTask({ id }: { id: string }) {
  const [, change] = useAddress();
  const found = queries.useQuery("get", "/v1/review/tasks/{task_id}", { params: { path: { task_id: id } } });
  async function done() {
    await refresh("/v1/review/agreement", "/v1/review/queue");
    change({ view: "agreement", task: undefined });
  }
  return (
    <Stack gap="sm">
      <Link to="/review" search={{ tab: "labelling", view: "agreement" }} size="sm">Agreement</Link>
      <Text size="sm">Two people disagree on this question. A third grade settles it: the grade that most gave counts.</Text>
      <Shown query={found}>{(task) => <TaskForm task={task} takesFocus={false} onDone={() => void done()} />}</Shown>
    </Stack>
  );
}
