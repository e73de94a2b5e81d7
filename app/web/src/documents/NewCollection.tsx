import { useState } from "react";
import { Button, Group, Modal, Stack, TextInput } from "@mantine/core";
import { useNavigate } from "@tanstack/react-router";
import { queries } from "@/api/client";
import { refresh } from "@/api/queryClient";
import { Failure } from "@/kit/Failure";
import type { Access } from "./access/access";
import { AccessChoice } from "./access/AccessChoice";
import { PeoplePicker } from "./access/PeoplePicker";

/** Makes a collection; for administrators. */
export function NewCollection({ onClose }: { onClose: () => void }) {
  const navigate = useNavigate();
  const [name, setName] = useState("");
  const [readers, setReaders] = useState<Access>("everyone");
  const [curators, setCurators] = useState<string[]>([]);
  const make = queries.useMutation("post", "/v1/collections", {
    meta: { quiet: true },
    onSuccess: async (made) => {
      await refresh("/v1/collections", "/v1/session");
      onClose();
      await navigate({ to: "/documents", search: { collection: made.name } });
    },
  });
  const possible = /^[A-Za-z0-9._-]{1,64}$/.test(name);
  return (
    <Modal opened onClose={onClose} title="New collection" size="lg">
      <form onSubmit={(event) => { event.preventDefault(); make.mutate({ body: { name, readers, curators } }); }}>
        <Stack>
          <TextInput label="Name" required maxLength={64} value={name} onChange={({ currentTarget }) => setName(currentTarget.value)} data-autofocus
            description="Letters, digits, dots, dashes and underscores." error={name && !possible ? "No blanks and no other signs." : undefined} />
          <AccessChoice label="Who may read it" value={readers} onChange={setReaders} everyone="Everyone who can sign in" />
          <PeoplePicker label="Who looks after it" description="Curators upload, delete and say who may read. Nobody means: the administrators."
            value={curators} onChange={setCurators} />
          <Failure error={make.error} />
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>Cancel</Button>
            <Button type="submit" loading={make.isPending} disabled={!possible || (Array.isArray(readers) && readers.length === 0)}>Make it</Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
