import { Alert, Text } from "@mantine/core";
import { IconAlertTriangle } from "@tabler/icons-react";
import type { Schemas } from "@/api/client";
import { Link } from "@/kit/Link";
import { Shown } from "@/kit/Shown";
import { When } from "@/kit/When";
import { useNames } from "@/people/names";
import { Section } from "@/people/Section";
import { GainFigure } from "../lists/GainFigure";
import { useCandidate } from "../learned";
import { RUNGS, short } from "../words";
import { RollBack } from "./RollBack";

/** What answers now: the candidate that is live, or the server as it came. */
export function Serving({ learning }: { learning: Schemas["LearningBody"] }) {
  const { live, trouble } = learning;
  return (
    <Section title="What serves now" actions={live && <RollBack candidateId={live} />}
      description={live ? undefined : "Nothing learned serves. Documents are found and answers are worded as the server came."}>
      {trouble && (
        <Alert color="orange" icon={<IconAlertTriangle aria-hidden />} title="What is live does not serve, or not whole" role="alert">
          <Text size="sm" className="breakable">{trouble}</Text>
          <Text size="sm">Questions are answered without it meanwhile.</Text>
        </Alert>
      )}
      {live && <Live candidateId={live} />}
    </Section>
  );
}

function Live({ candidateId }: { candidateId: string }) {
  const query = useCandidate(candidateId);
  const approver = query.data?.approved_by ?? "";
  const names = useNames([approver]);
  return (
    <Shown query={query}>
      {(found) => (
        <dl className="facts">
          <dt>Candidate</dt>
          <dd><Link to="/learning/candidates/$candidateId" params={{ candidateId }} underline="always">{short(candidateId)}</Link>, {RUNGS[found.rung].name.toLowerCase()}</dd>
          <dt>Live since</dt>
          <dd><When at={found.live_at} /></dd>
          <dt>Approved by</dt>
          <dd>{names.get(approver) ?? (approver || "nobody")}</dd>
          <dt>Measured gain</dt>
          <dd><GainFigure gain={found.gain} /></dd>
        </dl>
      )}
    </Shown>
  );
}
