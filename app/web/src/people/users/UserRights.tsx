import { useState } from "react";
import { Stack, Switch, TextInput } from "@mantine/core";
import { queries, type Schemas } from "@/api/client";
import { refresh } from "@/api/queryClient";
import { sessionChanged, useCaller } from "@/session/session";
import { Asked } from "../Asked";
import { Section } from "../Section";

type Details = Schemas["UserDetailsBody"];

function useChange(user: Details) {
  const caller = useCaller();
  const mutation = queries.useMutation("patch", "/v1/users/{user_id}", { meta: { quiet: true } });
  const change = async (body: Schemas["ChangedUserBody"]) => {
    await mutation.mutateAsync({ params: { path: { user_id: user.id } }, body });
    await refresh("/v1/users", "/v1/directory", "/v1/groups");
    if (caller.user?.id === user.id) await sessionChanged();
  };
  return { ...mutation, change };
}

/** What somebody may do at all. The last administrator cannot be taken away; the server says so. */
export function Rights({ user }: { user: Details }) {
  const { change, isPending, error } = useChange(user);
  const [tried, setTried] = useState<"administrator" | "suspended" | null>(null);
  const failure = (what: typeof tried) => (error && tried === what ? error.detail : undefined);

  function set(what: "administrator" | "suspended", value: boolean) {
    setTried(what);
    change({ [what]: value }).catch(() => undefined); // told beside the switch
  }

  return (
    <Section title="Rights" description="They hold from the next request on.">
      <Stack gap="md">
        <Switch label="Administrator" checked={user.administrator} disabled={isPending} error={failure("administrator")}
          description="Manages users, groups, collections, sources and the server. It lets nobody read more documents."
          onChange={(event) => set("administrator", event.currentTarget.checked)} />
        <Switch label="Suspended" color="orange" checked={user.suspended_at !== null} disabled={isPending} error={failure("suspended")}
          description="While this is on nothing of theirs works: they are signed out at once, and their API keys rest."
          onChange={(event) => set("suspended", event.currentTarget.checked)} />
      </Stack>
    </Section>
  );
}

/** Changes the name as it is shown; the one they sign in with stays. */
export function Rename({ user }: { user: Details }) {
  const { change } = useChange(user);
  const [name, setName] = useState("");
  return (
    <Asked label="Rename" title="Rename" verb="Rename" variant="default" onOpen={() => setName(user.display_name)}
      onSubmit={() => change({ display_name: name })}>
      <TextInput label="Name as it is shown" description={`They go on signing in as ${user.name}.`} required maxLength={200} data-autofocus
        value={name} onChange={(event) => setName(event.currentTarget.value)} />
    </Asked>
  );
}
