import { useState } from "react";
import { Button, Group, Stack, TextInput } from "@mantine/core";
import { queries } from "@/api/client";
import { refresh } from "@/api/queryClient";
import { Failure } from "@/kit/Failure";
import type { Approval } from "../learned";

/** Asks for an approval, with the reason that the other administrator will read. */
export function Ask({ action, subject }: { action: Approval["action"]; subject: string }) {
  const [reason, setReason] = useState("");
  const ask = queries.useMutation("post", "/v1/approvals", { meta: { quiet: true }, onSuccess: () => refresh("/v1/approvals") });
  return (
    <form onSubmit={(event) => {
      event.preventDefault();
      ask.mutate({ body: { action, subject, reason: reason.trim() } });
    }}>
      <Stack gap="xs">
        <TextInput label="Reason" description="Who decides reads it." value={reason} maxLength={1000} required
          onChange={(event) => setReason(event.currentTarget.value)} />
        <Failure error={ask.error} />
        <Group><Button type="submit" loading={ask.isPending} disabled={!reason.trim()}>Ask for an approval</Button></Group>
      </Stack>
    </form>
  );
}
