import { Text } from "@mantine/core";
import type { Schemas } from "@/api/client";
import { whereOf } from "@/chat/answer/words";
import { Link } from "@/kit/Link";
import { GRADES, type Grade } from "./grades";

type Passage = Schemas["PassageToGradeBody"];

interface PassageToGradeProps {
  passage: Passage;
  place: number;
  total: number;
  grade: Grade | undefined;
  onGrade: (grade: Grade) => void;
}

/** A passage with its three grades. */
export function PassageToGrade({ passage, place, total, grade, onGrade }: PassageToGradeProps) {
  return (
    <fieldset className="review-passage" data-passage={passage.passage_id}>
      <legend>Passage {place} of {total}</legend>
      <div className="review-passage-words"><PassageShown passage={passage} /></div>
      <div className="review-grades">
        {GRADES.map((one) => (
          <label key={one.grade} className="review-grade">
            <input type="radio" name={passage.passage_id} value={one.grade} checked={grade === one.grade} onChange={() => onGrade(one.grade)} />
            <span className="figures" aria-hidden>{one.grade}</span>
            <span>{one.words}</span>
          </label>
        ))}
      </div>
    </fieldset>
  );
}

/** Where a passage stands, and its words. */
export function PassageShown({ passage }: { passage: Passage }) {
  return (
    <>
      <Text size="sm" className="breakable">
        <Link to="/documents/$documentId" params={{ documentId: passage.document_id }} target="_blank" rel="noopener" dir="auto" size="sm">{whereOf(passage) || passage.uri}</Link>
      </Text>
      <Text size="sm" className="pre" dir="auto" mt={4}>{passage.text}</Text>
      {passage.masked && <Text size="xs" c="dimmed">Secrets or personal data in it are replaced by marks.</Text>}
    </>
  );
}
