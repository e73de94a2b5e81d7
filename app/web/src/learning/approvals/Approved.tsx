import type { ReactNode } from "react";
import { Stack, Text } from "@mantine/core";
import { Shown } from "@/kit/Shown";
import { When } from "@/kit/When";
import { useNames } from "@/people/names";
import { useCaller } from "@/session/session";
import { useApprovals, type Approval } from "../learned";
import { Ask } from "./Ask";
import { goodUntil, inForce, nextStep } from "./approval";
import { Decide } from "./Decide";

interface ApprovedProps {
  action: Approval["action"];
  subject: string;
  /** What can be done once it is approved. */
  children: ReactNode;
}

/** The way to something that takes an approval: ask, have it decided, do it. */
export function Approved({ action, subject, children }: ApprovedProps) {
  return (
    <Shown query={useApprovals()}>
      {({ approvals, people }) => <Way action={action} approval={inForce(approvals, action, subject)} people={people} subject={subject}>{children}</Way>}
    </Shown>
  );
}

function Way({ action, approval, people, subject, children }: ApprovedProps & { approval: Approval | null; people: number }) {
  const me = useMe();
  const step = nextStep(approval, me, people);
  const what = action === "train" ? "What is trained is meant to answer everybody" : "What is promoted answers everybody";
  return (
    <Stack gap="sm">
      {step === "ask" && (
        <>
          <Text size="sm">{what}, so it takes an approval{people === 2 ? " by another administrator" : ""}.</Text>
          <Ask action={action} subject={subject} />
        </>
      )}
      {approval && <Said approval={approval} />}
      {approval && step === "decide" && <Decide approval={approval} />}
      {step === "wait" && <Text size="sm">You asked for it, so another administrator has to decide: they see it here, under “Approvals”. This page looks again by itself.</Text>}
      {step === "do" && children}
    </Stack>
  );
}

function Said({ approval }: { approval: Approval }) {
  const names = useNames([approval.requested_by, approval.decided_by ?? ""]);
  const who = (id: string | null) => names.get(id ?? "") ?? id ?? "";
  return (
    <Text size="sm" role="status" className="breakable">
      {who(approval.requested_by)} asked <When at={approval.requested_at} />: “{approval.reason}”.{" "}
      {approval.state === "approved" && <>Approved by {who(approval.decided_by)}. It can be used once, until <Until approval={approval} />.</>}
    </Text>
  );
}

function Until({ approval }: { approval: Approval }) {
  const until = goodUntil(approval);
  return <time dateTime={until ?? undefined}>{until && new Date(until).toLocaleDateString()}</time>;
}

/** The principal id of who looks at the page. */
export function useMe(): string {
  const { user } = useCaller();
  return user ? `u:${user.id}` : "u:local";
}
