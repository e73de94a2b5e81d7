import { Text } from "@mantine/core";
import type { Schemas } from "@/api/client";
import { ButtonLink } from "@/kit/Link";
import type { Names } from "@/people/names";
import { Section } from "@/people/Section";
import { useCaller } from "@/session/session";
import { gradeWords } from "./grades";
import { PassageShown } from "./PassageToGrade";

type Disagreement = Schemas["DisagreementBody"];

const ABOUT = "Talk about these: often the grades do not mean the same thing to both. Nothing is learned from them until a third person grades the question.";

interface DisagreementsProps {
  differing: number;
  disagreements: Disagreement[];
  names: Names;
}

/** Passages that two people graded differently, those farthest apart first. */
export function Disagreements({ differing, disagreements, names }: DisagreementsProps) {
  const hidden = differing - disagreements.length;
  return (
    <Section title="Disagreements to settle" description={ABOUT}>
      <ul className="rows">
        {disagreements.map((one) => <Row key={one.passage.passage_id} disagreement={one} names={names} />)}
      </ul>
      {hidden > 0 && <Text size="sm" c="dimmed">{hidden} more {hidden === 1 ? "is" : "are"} not shown here: there are too many, or you may not read them.</Text>}
    </Section>
  );
}

function Row({ disagreement: { task_id: task, question, passage, grades }, names }: { disagreement: Disagreement; names: Names }) {
  const { user } = useCaller();
  const isMine = user !== null && user !== undefined && `u:${user.id}` in grades;
  return (
    <li>
      <Text fw={600} dir="auto" className="breakable">{question}</Text>
      <PassageShown passage={passage} />
      <ul className="review-said">
        {Object.entries(grades).map(([rater, grade]) => (
          <li key={rater}><Text size="sm" className="breakable" component="span">{names.get(rater) ?? rater}: <strong>{grade}</strong>, {gradeWords(grade).toLowerCase()}</Text></li>
        ))}
      </ul>
      {isMine ? <Text size="sm" c="dimmed">You graded it. A third person can settle it.</Text> : (
        <ButtonLink to="/review" search={{ tab: "labelling", task }} size="xs" variant="default">Settle it: grade the question</ButtonLink>
      )}
    </li>
  );
}
