import { useState, type FormEvent, type ReactNode } from "react";
import { Button, Group, Modal, Stack, Text, type ButtonProps } from "@mantine/core";

interface AskedProps extends ButtonProps {
  label: ReactNode;
  title: string;
  verb: string;
  /** Returns what is shown in the place of the form afterwards; nothing closes the dialog. */
  onSubmit: () => Promise<ReactNode | void>;
  /** Called when the dialog opens, to begin with empty fields. */
  onOpen?: () => void;
  children: ReactNode;
}

/** A button that opens a form in a dialog; it stays open with its reason when it fails. */
export function Asked({ label, title, verb, onSubmit, onOpen, children, ...button }: AskedProps) {
  const [open, setOpen] = useState(false);
  const [busy, setBusy] = useState(false);
  const [failure, setFailure] = useState("");
  const [result, setResult] = useState<ReactNode>(null);

  function begin() {
    onOpen?.();
    setFailure("");
    setResult(null);
    setOpen(true);
  }

  async function submit(event: FormEvent) {
    event.preventDefault();
    event.stopPropagation(); // a dialog's form may stand inside another one in the tree of the page
    setBusy(true);
    setFailure("");
    try {
      const shown = await onSubmit();
      if (shown === undefined) setOpen(false);
      else setResult(shown);
    } catch (error) {
      setFailure(error instanceof Error ? error.message : String(error));
    } finally {
      setBusy(false);
    }
  }

  return (
    <>
      <Button {...button} onClick={begin}>{label}</Button>
      <Modal opened={open} onClose={() => setOpen(false)} title={title} closeOnClickOutside={result === null}
        onExitTransitionEnd={() => setResult(null)}>
        {result ? (
          <Stack>
            {result}
            <Group justify="flex-end"><Button onClick={() => setOpen(false)}>Done</Button></Group>
          </Stack>
        ) : (
          <form onSubmit={(event) => void submit(event)}>
            <Stack>
              {children}
              {failure && <Text size="sm" c="red" role="alert" className="breakable">{failure}</Text>}
              <Group justify="flex-end">
                <Button variant="default" onClick={() => setOpen(false)}>Cancel</Button>
                <Button type="submit" loading={busy}>{verb}</Button>
              </Group>
            </Stack>
          </form>
        )}
      </Modal>
    </>
  );
}
