import { useState, type ReactNode } from "react";
import { Alert, Button, Group, Modal, Stack, Text, TextInput } from "@mantine/core";
import { deleted, renamed } from "./useConversations";

interface DialogProps {
  id: string;
  title: string;
  onClose: () => void;
}

interface AskedProps {
  title: string;
  verb: string;
  colour?: string;
  disabled?: boolean;
  act: () => Promise<void>;
  onClose: () => void;
  children: ReactNode;
}

function Asked({ title, verb, colour, disabled, act, onClose, children }: AskedProps) {
  const [busy, setBusy] = useState(false);
  const [failure, setFailure] = useState("");

  async function go() {
    setBusy(true);
    setFailure("");
    try {
      await act();
      onClose();
    } catch (error) {
      setFailure(error instanceof Error ? error.message : String(error));
      setBusy(false);
    }
  }

  return (
    <Modal opened onClose={onClose} title={title}>
      <form onSubmit={(event) => { event.preventDefault(); void go(); }}>
        <Stack>
          {children}
          {failure && <Alert color="red" role="alert">{failure}</Alert>}
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>Cancel</Button>
            <Button type="submit" color={colour} loading={busy} disabled={disabled}>{verb}</Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}

export function Rename({ id, title, onClose }: DialogProps) {
  const [given, setGiven] = useState(title);
  const words = given.trim();
  return (
    <Asked title="Rename the conversation" verb="Rename" disabled={!words} act={() => renamed(id, words)} onClose={onClose}>
      <TextInput label="Title" data-autofocus maxLength={200} value={given} onChange={(event) => setGiven(event.currentTarget.value)} />
    </Asked>
  );
}

export function Delete({ id, title, onClose, onDeleted }: DialogProps & { onDeleted: (id: string) => void }) {
  async function go() {
    await deleted(id);
    onDeleted(id);
  }
  return (
    <Asked title="Delete the conversation?" verb="Delete" colour="red" act={go} onClose={onClose}>
      <Text size="sm" className="breakable">{title}</Text>
      <Text size="sm" c="dimmed">It cannot be brought back. What you were answered stays in the server's record, where it belongs to no conversation.</Text>
    </Asked>
  );
}
