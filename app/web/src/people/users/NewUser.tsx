import { useState } from "react";
import { PasswordInput, SegmentedControl, Stack, Switch, Text, TextInput } from "@mantine/core";
import { useNavigate } from "@tanstack/react-router";
import { api } from "@/api/client";
import { refresh } from "@/api/queryClient";
import { Asked } from "../Asked";
import { PASSWORD_RULES } from "./user";

type Kind = "person" | "service";
const EMPTY = { name: "", display_name: "", password: "", administrator: false };
const KINDS: { value: Kind; label: string }[] = [{ value: "person", label: "A person" }, { value: "service", label: "A service" }];

/** Makes a person, who signs in with a password, or a service, which has API keys only. */
export function NewUser() {
  const navigate = useNavigate();
  const [kind, setKind] = useState<Kind>("person");
  const [given, setGiven] = useState(EMPTY);
  const set = (change: Partial<typeof EMPTY>) => setGiven((before) => ({ ...before, ...change }));

  async function make() {
    const password = kind === "person" && given.password ? given.password : null;
    const { data } = await api.POST("/v1/users", { body: { ...given, kind, password } });
    await refresh("/v1/users", "/v1/directory");
    if (data) await navigate({ to: "/people/$userId", params: { userId: data.id } });
  }

  return (
    <Asked label="Make a user" title="Make a user" verb="Make user" onSubmit={make}
      onOpen={() => { setGiven(EMPTY); setKind("person"); }}>
      <SegmentedControl aria-label="Kind" data={KINDS} value={kind} onChange={setKind} fullWidth />
      <Text size="sm" c="dimmed">
        {kind === "person" ? "Signs in with a name and a password." : "A program. It has no password; you make API keys for it on its page."}
      </Text>
      <TextInput label="Name" description="Without spaces; it cannot be changed later." required maxLength={100} autoComplete="off" data-autofocus
        value={given.name} onChange={(event) => set({ name: event.currentTarget.value })} />
      <TextInput label="Name as it is shown" description="The name, when left empty." maxLength={200} autoComplete="off"
        value={given.display_name} onChange={(event) => set({ display_name: event.currentTarget.value })} />
      {kind === "person" && (
        <PasswordInput label="Password" description={`${PASSWORD_RULES} Leave it empty to set it later.`} minLength={12} maxLength={256}
          autoComplete="new-password" visibilityToggleButtonProps={{ "aria-label": "Show the password" }}
          value={given.password} onChange={(event) => set({ password: event.currentTarget.value })} />
      )}
      <Stack gap={4}>
        <Switch label="Administrator" checked={given.administrator} onChange={(event) => set({ administrator: event.currentTarget.checked })}
          description="Manages users, groups, collections and the server. It lets nobody read more documents." />
      </Stack>
    </Asked>
  );
}
