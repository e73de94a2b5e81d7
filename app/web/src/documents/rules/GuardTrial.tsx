import { useState } from "react";
import { Alert, Button, Group, Paper, Stack, Text, Textarea, Title } from "@mantine/core";
import { queries, type Schemas } from "@/api/client";
import { Failure } from "@/kit/Failure";

/** Tries what the guards would make of a text; nothing is kept. */
export function GuardTrial({ collection }: { collection: string }) {
  const [text, setText] = useState("");
  const check = queries.useMutation("post", "/v1/guards/check", { meta: { quiet: true } });
  return (
    <Paper withBorder p="md" component="section">
      <Stack>
        <div>
          <Title order={2} size="h4">Try the guards</Title>
          <Text size="sm" c="dimmed">What would become of a text, by what is saved above. Nothing of it is kept.</Text>
        </div>
        <Textarea label="A question or an answer" autosize minRows={2} maxRows={8} maxLength={4000} value={text} onChange={({ currentTarget }) => setText(currentTarget.value)} />
        <Failure error={check.error} />
        <Group><Button variant="default" disabled={!text.trim()} loading={check.isPending} onClick={() => check.mutate({ body: { text, collection } })}>Try it</Button></Group>
        <div role="status">{check.data && <Outcome found={check.data} />}</div>
      </Stack>
    </Paper>
  );
}

function Outcome({ found }: { found: Schemas["FoundBody"] }) {
  if (found.refused) return <Alert color="orange" title="As a question it is refused"><Text size="sm">{found.message}</Text></Alert>;
  if (found.guards.length === 0) return <Alert color="green" title="Nothing would be refused or masked" />;
  return (
    <Alert color="blue" title="It would be masked">
      <Text size="sm" className="pre">As a question: {found.question}</Text>
      <Text size="sm" className="pre">As an answer: {found.answer}</Text>
    </Alert>
  );
}
