import { useState, type FormEvent } from "react";
import { Alert, Anchor, Button, Divider, Paper, PasswordInput, Stack, Text, TextInput, Title } from "@mantine/core";
import { api, queries } from "@/api/client";
import { begun, type Session } from "./session";
import { takenSetUpToken } from "./setUpToken";

const setUpToken = takenSetUpToken();

/** The form that begins a session, or makes the first administrator when the set-up link was opened. */
export function SignIn() {
  const setUp = queries.useQuery("get", "/v1/setup");
  const provider = queries.useQuery("get", "/v1/oidc");
  const needed = setUp.data?.needed ?? false;
  const first = needed && setUpToken !== null;
  return (
    <main className="sign-in">
      <Paper withBorder shadow="sm" p="xl" className="sign-in-card">
        <Stack gap="md">
          <Title order={1} size="h2">
            {first ? "Make the first administrator" : "Sign in to Attune"}
          </Title>
          {first && <Text size="sm">Choose a name, and a password of 12 characters or more.</Text>}
          {needed && !first && (
            <Alert color="blue" title="There is no administrator yet">
              Open the link that <code>attune serve</code> printed. It works once.
            </Alert>
          )}
          <Credentials key={String(first)} first={first} />
          {provider.data?.enabled && !first && (
            <>
              <Divider label="or" />
              <Anchor href="/v1/oidc/login" ta="center">
                Sign in with {provider.data.name}
              </Anchor>
            </>
          )}
        </Stack>
      </Paper>
    </main>
  );
}

function Credentials({ first }: { first: boolean }) {
  const [name, setName] = useState("");
  const [password, setPassword] = useState("");
  const [failure, setFailure] = useState("");
  const [busy, setBusy] = useState(false);

  async function submit(event: FormEvent) {
    event.preventDefault();
    setBusy(true);
    setFailure("");
    try {
      begun(await signedIn({ name, password }, first));
    } catch (error) {
      setFailure(error instanceof Error ? error.message : String(error));
      setBusy(false);
    }
  }

  return (
    <form onSubmit={(event) => void submit(event)}>
      <Stack gap="sm">
        <TextInput label="Name" name="name" autoComplete="username" maxLength={100} required autoFocus value={name}
          onChange={(event) => setName(event.currentTarget.value)} />
        <PasswordInput label="Password" name="password" autoComplete={first ? "new-password" : "current-password"}
          minLength={first ? 12 : undefined} maxLength={256} required value={password}
          visibilityToggleButtonProps={{ "aria-label": "Show the password" }}
          onChange={(event) => setPassword(event.currentTarget.value)} />
        {failure && (
          <Alert color="red" role="alert">
            {failure}
          </Alert>
        )}
        <Button type="submit" loading={busy}>
          {first ? "Make administrator" : "Sign in"}
        </Button>
      </Stack>
    </form>
  );
}

async function signedIn(given: { name: string; password: string }, first: boolean): Promise<Session> {
  const { data } =
    first && setUpToken !== null
      ? await api.POST("/v1/setup", { body: { ...given, token: setUpToken, display_name: "" } })
      : await api.POST("/v1/session", { body: given });
  return data as Session;
}
