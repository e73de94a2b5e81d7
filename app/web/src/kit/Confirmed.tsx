import { useState, type ReactNode } from "react";
import { Button, Group, Modal, Stack, Text, type ButtonProps } from "@mantine/core";

interface ConfirmedProps extends ButtonProps {
  label: ReactNode;
  question: string;
  consequence: ReactNode;
  /** What the button that does it says, such as "Delete 3 documents". */
  verb: string;
  onConfirm: () => Promise<unknown>;
}

/** A button for what cannot be taken back: asks first, and stays open with its reason when it fails. */
export function Confirmed({ label, question, consequence, verb, onConfirm, ...button }: ConfirmedProps) {
  const [open, setOpen] = useState(false);
  const [busy, setBusy] = useState(false);
  const [failure, setFailure] = useState("");

  async function go() {
    setBusy(true);
    setFailure("");
    try {
      await onConfirm();
      setOpen(false);
    } catch (error) {
      setFailure(error instanceof Error ? error.message : String(error));
    } finally {
      setBusy(false);
    }
  }

  return (
    <>
      <Button {...button} onClick={() => setOpen(true)}>
        {label}
      </Button>
      <Modal opened={open} onClose={() => setOpen(false)} title={question}>
        <Stack>
          <Text size="sm" component="div">{consequence}</Text>
          {failure && <Text size="sm" c="red" role="alert">{failure}</Text>}
          <Group justify="flex-end">
            <Button variant="default" onClick={() => setOpen(false)}>Cancel</Button>
            <Button color="red" loading={busy} onClick={() => void go()}>{verb}</Button>
          </Group>
        </Stack>
      </Modal>
    </>
  );
}
