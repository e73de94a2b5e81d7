import { useState, type FormEvent } from "react";
import { Alert, Anchor, Button, Group, Modal, PasswordInput, Stack, Text, TextInput } from "@mantine/core";
import { api, queries } from "@/api/client";
import { ended } from "@/api/standing";
import { renewed, type Session } from "./session";

// A dialog below must not close, and lose what was typed there, by a key that is pressed here.
const OURS = { "data-mantine-stop-propagation": "true" };

/** Over the page when a session has ended: the same person signs in again, and goes on where they were. */
export function SignInAgain({ session }: { session: Session }) {
  const open = ended.use();
  return (
    <Modal opened={open} onClose={() => undefined} withCloseButton={false} closeOnEscape={false} closeOnClickOutside={false} zIndex={1000}
      title="Sign in again" overlayProps={{ backgroundOpacity: 0.8, blur: 8 }} {...OURS}>
      <Stack>
        <Text size="sm">Your session has ended. The page stays as it is, with what you typed.</Text>
        {session.has_password ? <Password name={session.user?.name ?? ""} /> : <Provider />}
      </Stack>
    </Modal>
  );
}

function Password({ name }: { name: string }) {
  const [password, setPassword] = useState("");
  const [failure, setFailure] = useState("");
  const [busy, setBusy] = useState(false);

  async function submit(event: FormEvent) {
    event.preventDefault();
    setBusy(true);
    setFailure("");
    try {
      const { data } = await api.POST("/v1/session", { body: { name, password } });
      setPassword("");
      if (data) await renewed(data);
    } catch (error) {
      setFailure(error instanceof Error ? error.message : String(error));
    } finally {
      setBusy(false);
    }
  }

  return (
    <form onSubmit={(event) => void submit(event)}>
      <Stack gap="sm">
        <TextInput label="Name" name="name" autoComplete="username" readOnly value={name} {...OURS} />
        <PasswordInput label="Password" name="password" autoComplete="current-password" maxLength={256} required data-autofocus {...OURS}
          visibilityToggleButtonProps={{ "aria-label": "Show the password" }} value={password} onChange={(event) => setPassword(event.currentTarget.value)} />
        {failure && <Alert color="red" role="alert">{failure}</Alert>}
        <Group justify="flex-end">
          <Button variant="default" onClick={() => location.assign("/")} {...OURS}>Leave the page</Button>
          <Button type="submit" loading={busy} {...OURS}>Sign in</Button>
        </Group>
      </Stack>
    </form>
  );
}

function Provider() {
  const provider = queries.useQuery("get", "/v1/oidc");
  return (
    <>
      <Text size="sm">Sign in in another window, then come back to this one.</Text>
      <Group justify="flex-end">
        <Button variant="default" onClick={() => location.assign("/")} {...OURS}>Leave the page</Button>
        <Anchor href="/v1/oidc/login" target="_blank" rel="noopener" {...OURS}>Sign in with {provider.data?.name ?? "the provider"}</Anchor>
      </Group>
    </>
  );
}
