import { Button, Group as Row, Stack, Text } from "@mantine/core";
import { queries } from "@/api/client";
import { refresh } from "@/api/queryClient";
import { Confirmed } from "@/kit/Confirmed";
import { Failure } from "@/kit/Failure";
import { ButtonLink } from "@/kit/Link";
import type { Correction } from "./CorrectionsTab";

const CHANGED = ["/v1/feedback", "/v1/review/questions", "/v1/documents"];

/** Approves or refuses a correction; shows what became of an approved one, and takes it back. */
export function Decision({ correction: one }: { correction: Correction }) {
  const params = { path: { feedback_id: one.id } };
  const approve = queries.useMutation("post", "/v1/feedback/{feedback_id}/approval", { meta: { quiet: true }, onSuccess: () => refresh(...CHANGED) });
  const refuse = queries.useMutation("post", "/v1/feedback/{feedback_id}/refusal", { meta: { quiet: true }, onSuccess: () => refresh(...CHANGED) });
  const isApproved = one.approved_by !== null;
  const isRefused = one.refused_by !== null;
  return (
    <Stack gap={4}>
      <Failure error={approve.error} />
      <Row gap="xs">
        {!isApproved && <Button size="sm" loading={approve.isPending} onClick={() => approve.mutate({ params })}>{isRefused ? "Approve after all" : "Approve"}</Button>}
        {isApproved && one.entry && <ButtonLink to="/documents/$documentId" params={{ documentId: one.entry }} size="sm" variant="default">See the entry</ButtonLink>}
        {!isRefused && (
          <Confirmed size="sm" variant="default" label={isApproved ? "Withdraw" : "Refuse"} verb={isApproved ? "Withdraw the correction" : "Refuse the correction"}
            question={isApproved ? "Withdraw this correction?" : "Refuse this correction?"} consequence={consequence(one, isApproved)} onConfirm={() => refuse.mutateAsync({ params })} />
        )}
        {isApproved && !one.entry && <Text size="sm" c="dimmed">{one.answer ? "Its entry is not there, or you may not read it." : "It says which sources are right: search learns from it."}</Text>}
      </Row>
    </Stack>
  );
}

function consequence(one: Correction, isApproved: boolean): string {
  if (isApproved && one.answer) return "The entry that was made of it is deleted, and is found no more. Nothing is learned from the correction.";
  return "Nothing is learned from it. You can still approve it later, under “Refused”.";
}
