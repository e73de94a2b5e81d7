import { Group as Row, Stack, Text, Title } from "@mantine/core";
import { Link } from "@/kit/Link";
import { StateBadge } from "@/kit/StateBadge";
import { When } from "@/kit/When";
import type { Names } from "@/people/names";
import { reasonWords } from "../words";
import type { Correction } from "./CorrectionsTab";
import { Decision } from "./Decision";
import { Differences } from "./Differences";

/** A correction: what was asked, what was answered, what should have been. */
export function CorrectionRow({ correction: one, names }: { correction: Correction; names: Names }) {
  const who = (id: string) => names.get(id) ?? id;
  return (
    <li>
      <Stack gap="sm">
        <div>
          <Title order={2} size="h5" dir="auto" className="breakable">{one.withheld ? "A question that is not shown" : one.question}</Title>
          <Row gap="xs">
            <Text size="sm" c="dimmed" className="breakable">{who(one.principal_id)}, <When at={one.given_at} />{one.reasons.length > 0 && `: ${one.reasons.map(reasonWords).join(", ")}`}</Text>
            {one.approved_by && <><StateBadge state="approved" /><Text size="sm" c="dimmed" className="breakable">by {who(one.approved_by)}</Text></>}
            {one.refused_by && <><StateBadge state="refused" /><Text size="sm" c="dimmed" className="breakable">by {who(one.refused_by)}</Text></>}
          </Row>
        </div>
        {one.withheld ? <Text size="sm" c="dimmed">It is about a document that was deleted or that you may not read, so others have to decide.</Text> : (
          <>
            <Said correction={one} />
            <Decision correction={one} />
          </>
        )}
      </Stack>
    </li>
  );
}

function Said({ correction: one }: { correction: Correction }) {
  return (
    <>
      {one.answer ? <Differences given={one.given} corrected={one.answer} /> : (
        <div className="review-answer">
          <Text size="sm" c="dimmed">The answer that was given</Text>
          <Text size="sm" className="pre" dir="auto">{one.given}</Text>
        </div>
      )}
      {one.evidence && <Text size="sm" className="pre" dir="auto"><Text span inherit c="dimmed">A sentence that says so: </Text>“{one.evidence}”</Text>}
      <Sources correction={one} />
    </>
  );
}

function Sources({ correction: { chosen, wrong_documents: wrongDocuments, wrong_chunks: wrongChunks, interaction_id: asked } }: { correction: Correction }) {
  return (
    <div>
      {chosen.length > 0 && (
        <>
          <Text size="sm" fw={600}>Named as right</Text>
          <ul className="review-said">
            {chosen.map(({ document_id: id, title, uri }) => (
              <li key={id}><Link to="/documents/$documentId" params={{ documentId: id }} size="sm" dir="auto" className="breakable">{title || uri}</Link></li>
            ))}
          </ul>
        </>
      )}
      {wrongDocuments.length + wrongChunks.length > 0 && <Text size="sm">It also names sources as wrong.</Text>}
      <Text size="sm"><Link to="/review" search={{ tab: "questions", asked }} size="sm">See the whole answer with its sources</Link></Text>
    </div>
  );
}
