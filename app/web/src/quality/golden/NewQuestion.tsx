import { useState } from "react";
import { Stack } from "@mantine/core";
import { ProblemShown } from "@/kit/ProblemShown";
import type { WayProps } from "./AddQuestions";
import { EMPTY, fresh } from "./edited";
import { QuestionForm } from "./QuestionForm";
import { isName, SetName } from "./SetName";
import { addition, useWritten } from "./useWritten";

/** The form for one question in one's own words; it is no draft. */
export function NewQuestion({ set, onDone }: WayProps) {
  const [name, setName] = useState(set?.name ?? "");
  const [failure, setFailure] = useState<unknown>(null);
  const write = useWritten(onDone);
  return (
    <Stack>
      <SetName value={name} onChange={setName} fixed={set !== null} />
      <QuestionForm question={EMPTY} verb="Add the question" busy={write.isPending} disabled={!isName(name)} onCancel={onDone} withheld={false}
        onSave={async (fields) => {
          setFailure(null);
          try {
            const body = await addition(name, [fresh(fields)], "one question written");
            await write.mutateAsync({ params: { path: { name } }, body });
          } catch (error) {
            setFailure(error);
          }
        }} />
      {failure !== null && <ProblemShown error={failure} />}
    </Stack>
  );
}
