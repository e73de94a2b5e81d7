import { Badge, Group, Text } from "@mantine/core";
import type { Schemas } from "@/api/client";
import { namesOf } from "./edited";

type Kept = Schemas["KeptQuestionBody"];

/** What is known about a question's answer, to read. */
export function QuestionWords({ question, lines = 12 }: { question: Kept; lines?: number }) {
  const documents = namesOf(question.documents);
  return (
    <dl className="question-words">
      {question.history && question.history.length > 0 && <Line lines={lines} name="Asked after" words={question.history.map((turn) => `${turn["role"]}: ${turn["text"]}`).join("\n")} />}
      <Line lines={lines} name="Answer" words={question.answer} />
      <Line lines={lines} name="Evidence" words={question.evidence} />
      {question.withheld && <><dt>Withheld</dt><dd>Answer and evidence come from documents that you may not read.</dd></>}
      {question.answerable === false && <><dt>Answer</dt><dd>The documents hold none: saying so is right.</dd></>}
      {documents.length > 0 && <><dt>Documents</dt><dd>{documents.map((name) => <Text key={name} size="sm" className="breakable">{name}</Text>)}</dd></>}
      {(question.passages ?? []).map((passage) => <Line lines={lines} key={JSON.stringify(passage)} name="Passage" words={passage["text"]} of={passage["document"]} />)}
      {question.tags && Object.keys(question.tags).length > 0 && (
        <>
          <dt>Tags</dt>
          <dd><Group gap={6}>{Object.entries(question.tags).map(([tag, value]) => <Badge key={tag} variant="default" className="state">{tag}: {value}</Badge>)}</Group></dd>
        </>
      )}
      {question.variants && Object.keys(question.variants).length > 0 && (
        <Line lines={lines} name="Said otherwise" words={Object.entries(question.variants).map(([name, words]) => `${name}: ${words}`).join("\n")} />
      )}
    </dl>
  );
}

interface LineProps {
  name: string;
  words: string | null | undefined;
  /** Shown at most; the rest is cut off, and there when the question is edited. */
  lines: number;
  of?: string | undefined;
}

function Line({ name, words, lines, of }: LineProps) {
  if (!words) return null;
  return (
    <>
      <dt>{name}</dt>
      <dd>
        {of && <Text size="xs" c="dimmed" className="breakable">{of}</Text>}
        <Text size="sm" className="pre" dir="auto" lineClamp={lines}>{words}</Text>
      </dd>
    </>
  );
}
