import { useState } from "react";
import { Alert, Button, Code, List, Stack, Text, TextInput } from "@mantine/core";
import { IconAlertTriangle, IconCircleCheck, IconDownload } from "@tabler/icons-react";
import { queries, type Schemas } from "@/api/client";
import { count } from "@/kit/numbers";
import { ProblemShown } from "@/kit/ProblemShown";
import { Asked } from "../Asked";
import { Section } from "../Section";

/** Whether the log is whole, and a copy of it to take away. */
export function Verification() {
  const [head, setHead] = useState("");
  const [typed, setTyped] = useState("");
  const query = queries.useQuery("get", "/v1/audit/verification", { params: { query: { head: head || undefined } } }, { enabled: false, gcTime: 0 });
  return (
    <Section title="Can it be believed?"
      description="Each event is sealed together with all before it. A walk over the log finds every event that was changed, taken out, put in or moved."
      actions={
        <>
          <Button size="xs" loading={query.isFetching} onClick={() => void query.refetch()}>Verify</Button>
          <Asked label="Compare with a note" title="Compare with what you noted" verb="Take over" size="xs" variant="default" onOpen={() => setTyped(head)}
            onSubmit={async () => setHead(typed.trim())}>
            <Text size="sm">Somebody who owns the database could cut the end off, or write all of it anew. Whoever noted the last event somewhere else finds that out.</Text>
            <TextInput label="The last event as you noted it" placeholder="1042:9f2c..." maxLength={100} data-autofocus value={typed} onChange={(event) => setTyped(event.currentTarget.value)} />
          </Asked>
          <Button size="xs" variant="default" component="a" href="/v1/audit/export" download="audit.jsonl" leftSection={<IconDownload size={14} aria-hidden />}>Export</Button>
        </>
      }>
      {head && <Text size="sm" className="breakable">Will be compared with {head}.</Text>}
      <div role="status">
        {query.isFetching && <Text size="sm">Walking over the log.</Text>}
        {query.isError && !query.isFetching && <ProblemShown error={query.error} />}
        {query.data && !query.isFetching && <Found found={query.data} />}
      </div>
    </Section>
  );
}

function Found({ found }: { found: Schemas["VerificationBody"] }) {
  if (found.holds) {
    return (
      <Alert color="green" icon={<IconCircleCheck aria-hidden />} title={`The log is whole: ${count(found.events, "event")}`}>
        {found.head && <Text size="sm" className="breakable">The last one is <Code>{found.head}</Code>. Note it somewhere else, and compare with it next time.</Text>}
      </Alert>
    );
  }
  return (
    <Alert color="red" icon={<IconAlertTriangle aria-hidden />} title={`The log is not what it was: ${count(found.faults_total, "fault")} in ${count(found.events, "event")}`}>
      <Stack gap="xs">
        <List size="sm">{found.faults.map((fault) => <List.Item key={`${fault.kind} ${fault.seq}`}>{fault.words}</List.Item>)}</List>
        {found.faults_total > found.faults.length && <Text size="sm">These are the first {found.faults.length}.</Text>}
      </Stack>
    </Alert>
  );
}
