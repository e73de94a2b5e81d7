import { useState } from "react";
import { Button, Checkbox, Group as Row, NumberInput, Stack, Text } from "@mantine/core";
import { queries, type Schemas } from "@/api/client";
import { refresh } from "@/api/queryClient";
import { Failure } from "@/kit/Failure";
import { count } from "@/kit/numbers";
import { Shown } from "@/kit/Shown";
import { Section } from "@/people/Section";
import type { Progress } from "../words";

type Kind = Schemas["QueueBody"]["kinds"][number];

const KINDS: readonly { value: Kind; label: string }[] = [
  { value: "low_rated", label: "Rated down" },
  { value: "abstained", label: "Not answered" },
  { value: "most_asked", label: "Asked most" },
];

/** How far the queue is, and what it is filled with. */
export function FillQueue() {
  const [open, setOpen] = useState(false);
  const progress = queries.useQuery("get", "/v1/review/queue");
  return (
    <Section title="The queue" actions={!open && <Button size="xs" variant="default" onClick={() => setOpen(true)}>Fill the queue</Button>}>
      <Shown query={progress} loading={<Text size="sm" c="dimmed" role="status">Loading</Text>}>{(found) => <Far progress={found} />}</Shown>
      {open && <Form onDone={() => setOpen(false)} />}
    </Section>
  );
}

function Far({ progress: { waiting, one_rater: one, done } }: { progress: Progress }) {
  if (waiting + one + done === 0) return <Text size="sm">It is empty. Fill it with questions that were not served well.</Text>;
  return (
    <Text size="sm">
      {count(waiting, "question waits", "questions wait")} for a first rater, {count(one, "waits", "wait")} for a second, {done === 1 ? "1 has both" : `${done} have both`}.
    </Text>
  );
}

function Form({ onDone }: { onDone: () => void }) {
  const [kinds, setKinds] = useState<readonly Kind[]>(KINDS.map(({ value }) => value));
  const [limit, setLimit] = useState<number | "">(20);
  const fill = queries.useMutation("post", "/v1/review/queue", { meta: { quiet: true }, onSuccess: () => refresh("/v1/review/queue") });
  const few = typeof limit === "number" && limit >= 1 && limit <= 200;
  return (
    <form onSubmit={(event) => {
      event.preventDefault();
      if (few) fill.mutate({ body: { kinds: [...kinds], limit } });
    }}>
      <Stack gap="sm">
        <Checkbox.Group label="Which questions" value={[...kinds]} onChange={(chosen) => setKinds(KINDS.map(({ value }) => value).filter((value) => chosen.includes(value)))}>
          <Row gap="md" mt="xs">{KINDS.map(({ value, label }) => <Checkbox key={value} value={value} label={label} />)}</Row>
        </Checkbox.Group>
        <NumberInput label="How many at most" description="One question of each group is taken, with up to eight passages." w={280} maw="100%" min={1} max={200} allowDecimal={false}
          value={limit} onChange={(value) => setLimit(typeof value === "number" ? value : "")} />
        <Failure error={fill.error} />
        <Row gap="sm">
          <Button type="submit" loading={fill.isPending} disabled={kinds.length === 0 || !few}>Fill the queue</Button>
          <Button variant="default" onClick={onDone}>Close</Button>
        </Row>
        <Text size="sm" role="status">{fill.data && filledWords(fill.data)}</Text>
      </Stack>
    </form>
  );
}

function filledWords({ added, known, without }: Schemas["FilledBody"]): string {
  const total = Object.values(added).reduce((sum, some) => sum + some, 0);
  const told = [`${count(total, "question")} added.`];
  if (known > 0) told.push(`${count(known, "group is", "groups are")} known to the queue already.`);
  if (without > 0) told.push(`Of ${count(without, "group")} there is no passage to grade.`);
  return told.join(" ");
}
