import { Button, Text } from "@mantine/core";
import { api, queries, type Schemas } from "@/api/client";
import { refresh } from "@/api/queryClient";
import { Confirmed } from "@/kit/Confirmed";
import { Shown } from "@/kit/Shown";
import { Section } from "@/people/Section";
import { SessionTable } from "@/people/SessionTable";

async function endOthers() {
  await api.DELETE("/v1/sessions");
  await refresh("/v1/sessions");
}

/** Where one is signed in, and the way to sign out there. */
export function OwnSessions() {
  const query = queries.useQuery("get", "/v1/sessions");
  const others = (query.data?.sessions ?? []).filter((session) => !session.current).length;
  return (
    <Section title="Where you are signed in"
      actions={others > 0 && (
        <Confirmed label="Sign out everywhere else" size="xs" variant="default" question="Sign out everywhere else?" verb="Sign out" onConfirm={endOthers}
          consequence="Every other session of yours ends at once. You stay signed in here." />
      )}>
      <Shown query={query}>{({ sessions }) => <SessionTable sessions={sessions} empty="Nowhere." action={(session) => <End session={session} />} />}</Shown>
    </Section>
  );
}

function End({ session }: { session: Schemas["OwnSessionBody"] }) {
  const ending = queries.useMutation("delete", "/v1/sessions/{session_id}");
  if (session.current) return <Text span size="sm">This one</Text>;
  async function end() {
    await ending.mutateAsync({ params: { path: { session_id: session.id } } }).catch(() => undefined); // told by a notice
    await refresh("/v1/sessions");
  }
  return (
    <Button size="compact-xs" variant="default" loading={ending.isPending} aria-label={`Sign out at ${session.address}`} onClick={() => void end()}>Sign out</Button>
  );
}
