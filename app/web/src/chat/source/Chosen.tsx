import { useState, type ReactNode } from "react";
import { Text } from "@mantine/core";
import { queries, type Schemas } from "@/api/client";
import { signed } from "@/kit/numbers";
import { Shown } from "@/kit/Shown";
import { contributionsOf, score } from "../explained";
import type { Turn } from "../thread";

interface ChosenProps {
  turn: Turn;
  source: Turn["citations"][number];
}

/** For administrators: why the search chose this passage. Asked for once somebody wants to know. */
export function Chosen(props: ChosenProps) {
  const [open, setOpen] = useState(false);
  return (
    <details onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary><Text span size="sm">Why this passage was chosen</Text></summary>
      {open && <Scores {...props} />}
    </details>
  );
}

function Scores({ turn, source }: ChosenProps) {
  const query = queries.useQuery("get", "/v1/answers/{interaction_id}/explanations", { params: { path: { interaction_id: turn.interaction_id } } });
  return (
    <Shown query={query}>
      {({ explanations, computed_anew }) => {
        // A passage may have been folded into a better one of the same document.
        const one = explanations.find(({ chunk_id }) => chunk_id === source.chunk_id) ?? explanations.find(({ also }) => also.includes(source.chunk_id));
        if (!one) return <Text size="sm" c="dimmed">Nothing was recorded of this passage.</Text>;
        return <Explained one={one} anew={new Set(computed_anew)} />;
      }}
    </Shown>
  );
}

function Explained({ one, anew }: { one: Schemas["ExplanationBody"]; anew: Set<string> }) {
  const star = (field: string) => (anew.has(field) ? " *" : "");
  const learned = contributionsOf(one.contributions);
  const past = one.past_question;
  return (
    <>
      <dl className="facts source-facts">
        <Fact name={`By meaning${star("dense")}`}>{score(one.dense)} (1 is the same)</Fact>
        <Fact name={`By words${star("sparse")}`}>{score(one.sparse)}{one.terms.length > 0 && `: ${one.terms.map(({ words, score: share }) => `${words.join("/")} ${signed(share, 1)}`).join(", ")}`}</Fact>
        <Fact name={`Both lists as one${star("fused")}`}>{score(one.fused)}{one.position !== null && `, place ${one.position}`}{star("position")}</Fact>
        {one.freshness < 1 && <Fact name={`Age leaves${star("freshness")}`}>{score(one.freshness)} of it</Fact>}
        <Fact name={`Reranker${star("rerank")}`}>{one.rerank === null ? "did not look" : score(one.rerank)}</Fact>
        <Fact name={`Final score${star("score")}`}>{score(one.score)}</Fact>
        <Fact name="Learned from feedback">{learned.length === 0 ? "nothing" : learned.map(([name, share]) => `${name} ${share}`).join(", ")}</Fact>
        {past && <Fact name="Like a past question">{past.words ? `${past.words} ` : ""}({score(past.similarity)})</Fact>}
      </dl>
      {anew.size > 0 && <Text size="xs" c="dimmed">* is of the search as it is now; all else is as it was recorded with the answer.</Text>}
    </>
  );
}

function Fact({ name, children }: { name: string; children: ReactNode }) {
  return <><dt>{name}</dt><dd dir="auto">{children}</dd></>;
}
