import { useState } from "react";
import { PasswordInput, Text } from "@mantine/core";
import { api, queries, type Schemas } from "@/api/client";
import { refresh } from "@/api/queryClient";
import { Confirmed } from "@/kit/Confirmed";
import { Shown } from "@/kit/Shown";
import { Asked } from "../Asked";
import { Section } from "../Section";
import { SessionTable } from "../SessionTable";
import { PASSWORD_RULES } from "./user";

/** How a person comes in, and where they are signed in now. */
export function SignIns({ user }: { user: Schemas["UserDetailsBody"] }) {
  const path = { user_id: user.id };
  const query = queries.useQuery("get", "/v1/users/{user_id}/sessions", { params: { path } });
  const [password, setPassword] = useState("");

  async function setIt() {
    await api.PUT("/v1/users/{user_id}/password", { params: { path }, body: { password } });
    await refresh("/v1/users");
  }
  async function end() {
    await api.DELETE("/v1/users/{user_id}/sessions", { params: { path } });
    await refresh("/v1/users");
  }

  return (
    <Section title="Sign-in" description={user.has_password ? "They have a password." : user.issuer ? "They sign in with a provider and have no password." : "They have no password yet, and cannot sign in."}
      actions={
        <>
          <Asked label="Set a password" title="Set a password" verb="Set password" size="xs" variant="default" onOpen={() => setPassword("")} onSubmit={setIt}>
            <Text size="sm">It takes the place of any other, and signs them out everywhere. Tell it to them in person; they can change it on their account page.</Text>
            <PasswordInput label="New password" description={PASSWORD_RULES} required minLength={12} maxLength={256} autoComplete="new-password" data-autofocus
              visibilityToggleButtonProps={{ "aria-label": "Show the password" }} value={password} onChange={(event) => setPassword(event.currentTarget.value)} />
          </Asked>
          <Confirmed label="Sign out everywhere" size="xs" variant="default" question={`Sign ${user.name} out everywhere?`} verb="Sign out"
            consequence="Every session of theirs ends. They can sign in again, unless they are suspended." onConfirm={end} />
        </>
      }>
      <Shown query={query}>{({ sessions }) => <SessionTable sessions={sessions} empty="Signed in nowhere." />}</Shown>
    </Section>
  );
}
