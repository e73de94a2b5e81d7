import { useState, type ReactNode } from "react";
import { Button, Group, Modal, Stack, type ButtonProps } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { Problem, queries } from "@/api/client";
import { refresh } from "@/api/queryClient";
import { Failure } from "@/kit/Failure";
import { useCaller } from "@/session/session";
import { AssistantFields } from "./AssistantFields";
import { begun, bodyOf, changesOf, givenOf, isWhole, type Assistant } from "./given";

const CHANGED = ["/v1/assistants", "/v1/suggestions"];

interface AssistantDialogProps extends ButtonProps {
  label: ReactNode;
  /** Changed, where it is there already. */
  assistant?: Assistant;
  instructionsUsed: boolean;
}

/** A button that opens the form of an assistant. */
export function AssistantDialog({ label, assistant, instructionsUsed, ...button }: AssistantDialogProps) {
  const [open, setOpen] = useState(false);
  const [gone, setGone] = useState(false);

  function close() {
    setOpen(false);
    if (gone) void refresh(...CHANGED);
  }

  return (
    <>
      <Button {...button} onClick={() => { setGone(false); setOpen(true); }}>{label}</Button>
      <Modal opened={open} onClose={close} title={assistant ? `Change ${assistant.name}` : "New assistant"} size="lg" closeOnClickOutside={false}>
        <AssistantForm {...(assistant && { assistant })} instructionsUsed={instructionsUsed} onClose={close} onGone={() => setGone(true)} />
      </Modal>
    </>
  );
}

interface AssistantFormProps {
  assistant?: Assistant;
  instructionsUsed: boolean;
  onClose: () => void;
  /** It, or its collection, was not there any more; what was typed stays to be looked at. */
  onGone: () => void;
}

function AssistantForm({ assistant, instructionsUsed, onClose, onGone }: AssistantFormProps) {
  const { curates } = useCaller();
  const [given, setGiven] = useState(() => (assistant ? givenOf(assistant) : begun(curates)));
  const options = {
    meta: { quiet: true },
    onSuccess: async ({ name }: Assistant) => {
      await refresh(...CHANGED);
      notifications.show({ message: assistant ? `${name} was changed. It holds from the next question on.` : `${name} can be asked now.` });
      onClose();
    },
    onError: (error: unknown) => { if (isGone(error)) onGone(); },
  };
  const make = queries.useMutation("post", "/v1/assistants", options);
  const change = queries.useMutation("patch", "/v1/assistants/{assistant_id}", options);
  const changes = assistant ? changesOf(assistant, given) : null;
  const isSame = changes !== null && Object.keys(changes).length === 0;

  function save() {
    if (assistant && changes) change.mutate({ params: { path: { assistant_id: assistant.id } }, body: changes });
    else make.mutate({ body: bodyOf(given) });
  }

  return (
    <form onSubmit={(event) => { event.preventDefault(); event.stopPropagation(); save(); }}>
      <Stack>
        <AssistantFields given={given} instructionsUsed={instructionsUsed} onChange={setGiven} />
        <Failure error={reasonOf(make.error ?? change.error)} />
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>Cancel</Button>
          <Button type="submit" loading={make.isPending || change.isPending} disabled={!isWhole(given) || isSame}>{assistant ? "Save" : "Make it"}</Button>
        </Group>
      </Stack>
    </form>
  );
}

function isGone(error: unknown): boolean {
  return error instanceof Problem && error.status === 404;
}

/** Say a refusal in the words of this page; what the server says of all else stands for itself. */
function reasonOf(error: unknown): unknown {
  if (!(error instanceof Problem)) return error;
  if (error.status === 403) return new Error("You do not look after this collection any more, so nothing was saved.");
  if (error.status === 404) return new Error("This assistant or its collection is not there any more. Nothing was saved.");
  if (error.status === 409) return new Error(`Nothing was saved: ${error.message}.`);
  return error;
}
