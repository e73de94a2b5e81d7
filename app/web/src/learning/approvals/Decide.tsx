import { Button, Group } from "@mantine/core";
import { queries } from "@/api/client";
import { refresh } from "@/api/queryClient";
import type { Approval } from "../learned";

/** Approves or refuses what was asked for. */
export function Decide({ approval }: { approval: Approval }) {
  const decide = queries.useMutation("post", "/v1/approvals/{approval_id}/decision", {
    onSettled: () => refresh("/v1/approvals"),
  });
  const params = { path: { approval_id: approval.id } };
  return (
    <Group gap="xs">
      <Button size="xs" loading={decide.isPending} onClick={() => decide.mutate({ params, body: { decision: "approved" } })}>Approve</Button>
      <Button size="xs" variant="default" disabled={decide.isPending} onClick={() => decide.mutate({ params, body: { decision: "refused" } })}>Refuse</Button>
    </Group>
  );
}
