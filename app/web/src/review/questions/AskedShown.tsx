import { Group as Row, Stack, Text } from "@mantine/core";
import { queries, type Schemas } from "@/api/client";
import { sourcesOf, whereOf } from "@/chat/answer/words";
import { Link } from "@/kit/Link";
import { Shown } from "@/kit/Shown";
import { StateBadge } from "@/kit/StateBadge";
import { When } from "@/kit/When";
import { useNames, type Names } from "@/people/names";
import { reasonWords } from "../words";

type Asked = Schemas["AskedBody"];
type Said = Schemas["AskedFeedbackBody"];

/** A question with the answer as it was given, where that stands, and what people said of it. */
export function AskedShown({ id, withQuestion = false }: { id: string; withQuestion?: boolean }) {
  const asked = queries.useQuery("get", "/v1/review/questions/{interaction_id}", { params: { path: { interaction_id: id } } }, { staleTime: 60_000 });
  return (
    <Shown query={asked}>
      {(found) => (
        <Stack gap="sm" mt="xs">
          {withQuestion && <Text fw={600} size="lg" dir="auto" className="pre">{found.question}</Text>}
          <div className="review-answer">
            <Text size="sm" c="dimmed">{found.abstained ? "No answer was given" : "The answer that was given"}, <When at={found.asked_at} /></Text>
            <Text size="sm" className="pre" dir="auto">{found.answer}</Text>
          </div>
          <Quotes asked={found} />
          <AllSaid said={found.said} />
          {!withQuestion && <Text size="sm"><Link to="/review" search={{ tab: "questions", asked: id }} size="sm">Link to this answer</Link></Text>}
        </Stack>
      )}
    </Shown>
  );
}

function Quotes({ asked }: { asked: Asked }) {
  const quotes = sourcesOf(asked);
  if (quotes.length === 0) return <Text size="sm" c="dimmed">No document came near.</Text>;
  return (
    <div>
      <Text size="sm" fw={600}>{quotes === asked.citations ? "It cites" : "The closest passages"}</Text>
      <ol className="review-quotes">
        {quotes.map((quote) => (
          <li key={quote.number} value={quote.number}>
            {quote.quote === "" ? <Text size="sm" c="dimmed">Not available: it was deleted, or you may not read it.</Text> : (
              <>
                <Link to="/documents/$documentId" params={{ documentId: quote.document_id }} size="sm" dir="auto"
                  search={{ revision: quote.revision_id, start: String(quote.start), end: String(quote.end) }}>{whereOf(quote)}</Link>
                <Text size="sm" c="dimmed" dir="auto" className="breakable" lineClamp={4}>{quote.quote}</Text>
              </>
            )}
          </li>
        ))}
      </ol>
    </div>
  );
}

function AllSaid({ said }: { said: Said[] }) {
  const names = useNames(said.map(({ principal_id: who }) => who));
  if (said.length === 0) return <Text size="sm" c="dimmed">Nobody said anything about it.</Text>;
  return (
    <div>
      <Text size="sm" fw={600}>What people said</Text>
      <ul className="review-samples">{said.map((one) => <OneSaid key={one.id} said={one} names={names} />)}</ul>
    </div>
  );
}

function OneSaid({ said, names }: { said: Said; names: Names }) {
  const verdict = said.verdict === "down" ? "Wrong answer" : said.verdict === "up" ? "Right answer" : "";
  const words = [...new Set([verdict, ...said.reasons.map(reasonWords)])].filter(Boolean).join(", ");
  return (
    <li>
      <Row gap="xs">
        <Text size="sm" className="breakable">{names.get(said.principal_id) ?? said.principal_id}, <When at={said.given_at} />{words && `: ${words}`}</Text>
        {said.approved_by && <StateBadge state="approved" />}
        {said.refused_by && <StateBadge state="refused" />}
      </Row>
      {said.withheld && <Text size="sm" c="dimmed">Its words name documents that you may not read.</Text>}
      {said.answer && <Text size="sm" className="pre" dir="auto">“{said.answer}”</Text>}
      {said.evidence && <Text size="sm" c="dimmed" className="pre" dir="auto">Evidence: “{said.evidence}”</Text>}
      {said.answer && !said.approved_by && !said.refused_by && <Link to="/review" search={{ tab: "corrections" }} size="sm">Decide on this correction</Link>}
    </li>
  );
}
