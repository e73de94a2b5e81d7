import { useState } from "react";
import { Alert, Button, Checkbox, CopyButton, NativeSelect, Stack, TextInput } from "@mantine/core";
import { IconCheck, IconCopy } from "@tabler/icons-react";
import type { Schemas } from "@/api/client";
import { refresh } from "@/api/queryClient";
import { Asked } from "../Asked";
import { EXPIRIES, SCOPES, scopesOf } from "./scopes";

export type MakeKey = (body: Schemas["NewKeyBody"]) => Promise<Schemas["MadeKeyBody"] | undefined>;

/** Makes an API key and shows its secret, which cannot be shown again. */
export function NewKey({ make }: { make: MakeKey }) {
  const [name, setName] = useState("");
  const [scopes, setScopes] = useState(["ask"]);
  const [days, setDays] = useState("90");

  async function submit() {
    if (scopes.length === 0) throw new Error("Choose what the key may do.");
    const made = await make({ name, scopes: scopesOf(scopes), expires_in_days: days ? Number(days) : null });
    await refresh("/v1/keys", "/v1/users");
    return made && <Secret secret={made.key} />;
  }

  return (
    <Asked label="Make a key" title="Make an API key" verb="Make key" size="xs" onSubmit={submit}
      onOpen={() => { setName(""); setScopes(["ask"]); setDays("90"); }}>
      <TextInput label="What it is for" placeholder="Nightly report" required maxLength={100} data-autofocus value={name}
        onChange={(event) => setName(event.currentTarget.value)} />
      <Checkbox.Group label="It may" value={scopes} onChange={setScopes}>
        <Stack gap="xs" mt={4}>
          {Object.entries(SCOPES).map(([scope, { label, description }]) => <Checkbox key={scope} value={scope} label={label} description={description} />)}
        </Stack>
      </Checkbox.Group>
      <NativeSelect label="Expires" data={EXPIRIES} value={days} onChange={(event) => setDays(event.currentTarget.value)} />
    </Asked>
  );
}

function Secret({ secret }: { secret: string }) {
  return (
    <Stack>
      <Alert color="yellow" title="Copy it now" role="status">This is the only time that the key is shown. Whoever has it can do what it may.</Alert>
      <TextInput label="The key" readOnly value={secret} onFocus={(event) => event.currentTarget.select()} data-autofocus />
      <CopyButton value={secret}>
        {({ copied, copy }) => (
          <Button variant="default" onClick={copy} leftSection={copied ? <IconCheck size={16} aria-hidden /> : <IconCopy size={16} aria-hidden />}>
            <span aria-live="polite">{copied ? "Copied" : "Copy the key"}</span>
          </Button>
        )}
      </CopyButton>
    </Stack>
  );
}
