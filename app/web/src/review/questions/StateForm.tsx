import { useState } from "react";
import { Button, Group as Row, Stack, Text, Textarea, Title } from "@mantine/core";
import { queries, type Schemas } from "@/api/client";
import { refresh } from "@/api/queryClient";
import { Failure } from "@/kit/Failure";
import { Link } from "@/kit/Link";
import type { Group } from "../words";

type State = Schemas["NewStateBody"]["state"];

/** Says what becomes of a group, with a note, and puts it before raters. */
export function StateForm({ group, queue = true }: { group: Group; queue?: boolean }) {
  const [note, setNote] = useState(group.state?.note ?? "");
  const change = queries.useMutation("post", "/v1/review/groups/{group_id}/state", {
    meta: { quiet: true },
    onSuccess: () => refresh("/v1/review/questions", "/v1/review/gaps"),
  });
  const now = group.state?.state ?? "open";
  const become = (state: State) => change.mutate({ params: { path: { group_id: group.id } }, body: { state, note: note.trim() } });
  const doing = (state: State) => change.isPending && change.variables.body.state === state;
  return (
    <section aria-label="What becomes of it">
      <Stack gap="xs">
        <Title order={3} size="h5">What becomes of it</Title>
        <Textarea label="Note" description="What was done, or why nothing is. Others who review read it." autosize minRows={1} maxRows={6} maxLength={2000} value={note}
          onChange={(event) => setNote(event.currentTarget.value)} />
        <Failure error={change.error} />
        <Row gap="xs">
          {now !== "handled" && <Button size="sm" loading={doing("handled")} onClick={() => become("handled")}>Mark as handled</Button>}
          {now !== "dismissed" && <Button size="sm" variant="default" loading={doing("dismissed")} onClick={() => become("dismissed")}>Dismiss</Button>}
          {now !== "open" && <Button size="sm" variant="default" loading={doing("open")} onClick={() => become("open")}>Open again</Button>}
          {queue && <Queue id={group.id} />}
        </Row>
      </Stack>
    </section>
  );
}

function Queue({ id }: { id: string }) {
  const add = queries.useMutation("post", "/v1/review/queue", { onSuccess: () => refresh("/v1/review/queue") });
  return (
    <>
      <Button size="sm" variant="default" loading={add.isPending} disabled={add.isSuccess} onClick={() => add.mutate({ body: { group: id, kinds: ["low_rated"], limit: 1 } })}>
        Add to the labelling queue
      </Button>
      <Text size="sm" role="status" component="span">{add.data && <>{queued(add.data)} <Link to="/review" search={{ tab: "labelling" }} size="sm">Go to labelling</Link></>}</Text>
    </>
  );
}

function queued({ known, without }: Schemas["FilledBody"]): string {
  if (known > 0) return "It is, or was, in the queue already.";
  return without > 0 ? "There is no passage that could be graded." : "It is in the queue.";
}
