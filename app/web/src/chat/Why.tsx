import { Alert, Button, Code, Modal, Stack, Table, Text } from "@mantine/core";
import { queries, type Schemas } from "@/api/client";
import { Shown } from "@/kit/Shown";
import { sourcesOf, whereOf } from "./answer/words";
import { contributionsOf, score } from "./explained";
import type { Turn } from "./thread";

type Explanation = Schemas["ExplanationBody"];

/** For administrators: where each passage's place comes from, and whether the same answer comes again. */
export function Why({ turn, onClose }: { turn: Turn; onClose: () => void }) {
  const params = { path: { interaction_id: turn.interaction_id } };
  const query = queries.useQuery("get", "/v1/answers/{interaction_id}/explanations", { params });
  return (
    <Modal opened onClose={onClose} title="Why these passages?" size="80rem">
      <Stack gap="md">
        <Shown query={query}>
          {(found) => (
            <>
              <Text size="sm" c="dimmed">
                Every passage is scored by meaning (1 is the same) and by words (more is better). Both lists become one, what was learned from feedback is
                added, and the reranker reads the best ones once more.
                {found.computed_anew.length > 0 && " Columns with a star are of the search as it is now; all others are as they were recorded."}
              </Text>
              {found.searched && <Text size="sm">Searched for: {found.searched}</Text>}
              <Explanations turn={turn} explanations={found.explanations} passages={found.passages} anew={new Set(found.computed_anew)} />
            </>
          )}
        </Shown>
        <Replay turn={turn} />
      </Stack>
    </Modal>
  );
}

interface ExplanationsProps {
  turn: Turn;
  explanations: Explanation[];
  passages: Schemas["ExplainedPassageBody"][];
  anew: Set<string>;
}

function Explanations({ turn, explanations, passages, anew }: ExplanationsProps) {
  const cited = new Set(sourcesOf(turn).map(({ chunk_id }) => chunk_id));
  const star = (field: string) => (anew.has(field) ? " *" : "");
  return (
    <Table.ScrollContainer minWidth={900} scrollAreaProps={{ viewportProps: { tabIndex: 0, role: "group", "aria-label": "Scores of the passages" } }}>
      <Table className="figures" verticalSpacing="xs">
        <Table.Thead>
          <Table.Tr>
            <Table.Th scope="col">Passage</Table.Th>
            <Table.Th scope="col">By meaning{star("dense")}</Table.Th>
            <Table.Th scope="col">By words{star("sparse")}</Table.Th>
            <Table.Th scope="col">Both lists{star("fused")}</Table.Th>
            <Table.Th scope="col">Reranker{star("rerank")}</Table.Th>
            <Table.Th scope="col">Score{star("score")}</Table.Th>
            <Table.Th scope="col">Learned from feedback</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {explanations.map((one, n) => (
            <Table.Tr key={one.chunk_id}>
              <Table.Th scope="row" className="chat-explained">
                {passages[n] ? whereOf(passages[n]) : `Passage ${n + 1}`}
                <Text size="xs" c="dimmed">{cited.has(one.chunk_id) ? (turn.abstained ? "among the closest" : "cited") : "read, not cited"}</Text>
                {one.terms.length > 0 && <Text size="xs" c="dimmed">Words in it{star("terms")}: {one.terms.slice(0, 6).map(({ words }) => words.join("/")).join(", ")}</Text>}
              </Table.Th>
              <Table.Td>{score(one.dense)}</Table.Td>
              <Table.Td>{score(one.sparse)}</Table.Td>
              <Table.Td>{score(one.fused)}</Table.Td>
              <Table.Td>{score(one.rerank)}</Table.Td>
              <Table.Td>{score(one.score)}</Table.Td>
              <Table.Td><Learned explanation={one} /></Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}

function Learned({ explanation }: { explanation: Explanation }) {
  const past = explanation.past_question;
  const shares = contributionsOf(explanation.contributions);
  if (shares.length === 0 && !past) return <Text size="sm" c="dimmed">nothing</Text>;
  return (
    <>
      {shares.map(([name, share]) => <div key={name}>{name}: {share}</div>)}
      {past && <Text size="xs" c="dimmed">Like a past question{past.words ? `: ${past.words}` : ""} ({score(past.similarity)})</Text>}
    </>
  );
}

function Replay({ turn }: { turn: Turn }) {
  const replay = queries.useMutation("post", "/v1/answers/{interaction_id}/replay", { meta: { quiet: true } });
  const params = { path: { interaction_id: turn.interaction_id } };
  return (
    <Stack gap="xs" align="flex-start">
      <Text size="sm" c="dimmed">Answer it again from what was recorded: the same passages, the same prompt, the same seed. Nothing of it is kept.</Text>
      <Button size="xs" variant="default" loading={replay.isPending} onClick={() => replay.mutate({ params })}>Answer it again from the record</Button>
      <div role="status">
        {replay.data && (replay.data.same ? <Text size="sm">The same answer came again.</Text> : (
          <Stack gap="xs">
            <Text size="sm">It came out otherwise: {replay.data.differences.join("; ")}.</Text>
            <Code block>{replay.data.answer}</Code>
          </Stack>
        ))}
      </div>
      {replay.isError && <Alert color="red" role="alert">{replay.error instanceof Error ? replay.error.message : "It could not be answered again."}</Alert>}
    </Stack>
  );
}
