import { useState, type FormEvent } from "react";
import { Alert, Button, Group, PasswordInput, Stack } from "@mantine/core";
import { queries } from "@/api/client";
import { refresh } from "@/api/queryClient";
import { Section } from "@/people/Section";
import { PASSWORD_RULES } from "@/people/users/user";

const EYE = { "aria-label": "Show the password" };

/** Exchanges one's password; all other sessions end by it. */
export function ChangePassword() {
  const [current, setCurrent] = useState("");
  const [fresh, setFresh] = useState("");
  const changing = queries.useMutation("put", "/v1/session/password", { meta: { quiet: true } });

  async function submit(event: FormEvent) {
    event.preventDefault();
    const done = await changing.mutateAsync({ body: { current, new: fresh } }).then(() => true, () => false); // told below
    if (!done) return;
    setCurrent("");
    setFresh("");
    await refresh("/v1/sessions");
  }

  return (
    <Section title="Password" description="To change it signs you out everywhere else.">
      <form onSubmit={(event) => void submit(event)}>
        <Stack gap="sm" maw={420}>
          <PasswordInput label="Password you have now" required maxLength={256} autoComplete="current-password" visibilityToggleButtonProps={EYE}
            value={current} onChange={(event) => setCurrent(event.currentTarget.value)} />
          <PasswordInput label="New password" description={PASSWORD_RULES} required minLength={12} maxLength={256} autoComplete="new-password"
            visibilityToggleButtonProps={EYE} value={fresh} onChange={(event) => setFresh(event.currentTarget.value)} />
          <div role="status">
            {changing.isSuccess && <Alert color="green">Your password was changed, and you were signed out everywhere else.</Alert>}
            {changing.isError && <Alert color="red">{changing.error.detail}</Alert>}
          </div>
          <Group><Button type="submit" loading={changing.isPending}>Change password</Button></Group>
        </Stack>
      </form>
    </Section>
  );
}
