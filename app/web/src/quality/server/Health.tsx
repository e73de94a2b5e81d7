import { Alert, Paper, Skeleton, Text, Title } from "@mantine/core";
import { IconAlertTriangle, IconCheck } from "@tabler/icons-react";
import { queries } from "@/api/client";

const WORDS = {
  ok: { color: "green", title: "The server answers questions", words: "The catalog and the index can be read." },
  degraded: {
    color: "yellow", title: "The server answers without what was learned",
    words: "The files of what was learned from feedback cannot be read. Examine the knowledge base below; it says what to do.",
  },
  down: { color: "red", title: "The server cannot answer questions", words: "The catalog or the index cannot be read. The server's log says why." },
};

/** Whether questions can be answered now. */
export function Health() {
  const ready = queries.useQuery("get", "/v1/health/ready", undefined, { refetchInterval: 15_000 });
  const state = ready.isError ? "down" : ready.data?.status === "degraded" ? "degraded" : "ok";
  const { color, title, words } = WORDS[state];
  return (
    <Paper withBorder p="md">
      <Title order={2} size="h4" mb="sm">Health</Title>
      {ready.isPending ? <Skeleton height={60} /> : (
        <Alert color={color} title={title} role="status" icon={state === "ok" ? <IconCheck aria-hidden /> : <IconAlertTriangle aria-hidden />}>
          <Text size="sm">{words}</Text>
          {ready.isError && <Text size="sm" className="breakable">{String(ready.error)}</Text>}
        </Alert>
      )}
    </Paper>
  );
}
