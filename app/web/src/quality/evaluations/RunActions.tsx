import { useState } from "react";
import { ActionIcon, Button, Group, Menu, Modal, Stack, Text } from "@mantine/core";
import { IconCheck, IconDots, IconFileText, IconTrash } from "@tabler/icons-react";
import { queries } from "@/api/client";
import { refresh } from "@/api/queryClient";

interface RunActionsProps {
  run: { id: string; golden: string; accepted: boolean };
  onDeleted?: () => void;
}

/** What can be done with a run that was kept: accept it, open it as one file, delete it. */
export function RunActions({ run, onDeleted }: RunActionsProps) {
  const [asking, setAsking] = useState(false);
  const params = { path: { run_id: run.id } };
  const accept = queries.useMutation("post", "/v1/evaluations/{run_id}/acceptance", { onSuccess: () => refresh("/v1/evaluations") });
  const remove = queries.useMutation("delete", "/v1/evaluations/{run_id}", {
    onSuccess: async () => {
      setAsking(false);
      if (onDeleted) onDeleted();
      await refresh("/v1/evaluations");
    },
  });
  return (
    <>
      <Menu position="bottom-end">
        <Menu.Target>
          <ActionIcon variant="subtle" color="gray" aria-label={`What to do with the run ${run.id.slice(0, 8)}`} loading={accept.isPending}>
            <IconDots size={18} aria-hidden />
          </ActionIcon>
        </Menu.Target>
        <Menu.Dropdown>
          {!run.accepted && (
            <Menu.Item leftSection={<IconCheck size={16} aria-hidden />} onClick={() => accept.mutate({ params })}>Accept as the state to hold</Menu.Item>
          )}
          <Menu.Item component="a" href={`/v1/evaluations/${run.id}/report`} target="_blank" rel="noreferrer"
            leftSection={<IconFileText size={16} aria-hidden />}>Open as one page, to send</Menu.Item>
          <Menu.Item color="red" leftSection={<IconTrash size={16} aria-hidden />} onClick={() => setAsking(true)}>Delete</Menu.Item>
        </Menu.Dropdown>
      </Menu>
      <Modal opened={asking} onClose={() => setAsking(false)} title="Delete this evaluation?">
        <Stack>
          <Text size="sm" className="breakable">
            The run {run.id.slice(0, 8)} of {run.golden} goes with all its scores and answers, and nobody can compare with it any more.
            {run.accepted && " It was accepted: later runs will be held against the one that was accepted before it, if any."}
          </Text>
          <Group justify="flex-end">
            <Button variant="default" onClick={() => setAsking(false)}>Cancel</Button>
            <Button color="red" loading={remove.isPending} onClick={() => remove.mutate({ params })}>Delete the evaluation</Button>
          </Group>
        </Stack>
      </Modal>
    </>
  );
}
