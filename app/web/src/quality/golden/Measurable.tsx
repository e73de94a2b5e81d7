import { List, Stack, Table, Text, Title } from "@mantine/core";
import type { Schemas } from "@/api/client";
import { grouped } from "@/kit/numbers";
import { titleOf } from "../figures";

// The server names figures that want the same of a question together.
const FAMILIES: Record<string, string> = {
  "ndcg, recall, precision, mrr and map": "How well documents are found",
  "page_hit, citation_precision and citation_recall": "Right documents, found and cited",
  evidence_hit: "Right sentence in the quotes",
  "exact_match, token_f1, rouge_l and bleu": "Words shared with the reference answer",
  "abstention_auroc and abstention_accuracy": "Whether it knows when not to answer",
};

/** What can be measured with a set, on how many questions, and why something cannot. */
export function Measurable({ description }: { description: Schemas["DescriptionBody"] }) {
  const measurable = Object.entries(description.measurable);
  return (
    <Stack gap="lg">
      <Text size="sm" c="dimmed" maw={720}>With the documents that you may read. The more questions a figure stands on, the surer it is.</Text>
      <Table layout="fixed" verticalSpacing={6}>
        <Table.Thead>
          <Table.Tr><Table.Th scope="col">Figure</Table.Th><Table.Th scope="col" w={110}>Questions</Table.Th></Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {measurable.map(([name, questions]) => (
            <Table.Tr key={name}>
              <Table.Th scope="row" fw={400}>{FAMILIES[name] ?? titleOf(name)}<Text size="xs" c="dimmed">{name}</Text></Table.Th>
              <Table.Td className="figures">{grouped(questions)}</Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
      <Lines title="What cannot be measured, and why" lines={description.missing} />
      <Lines title="What weakens the figures" lines={description.notes} />
    </Stack>
  );
}

function Lines({ title, lines }: { title: string; lines: string[] }) {
  if (lines.length === 0) return null;
  return (
    <section>
      <Title order={2} size="h5" mb="xs">{title}</Title>
      <List size="sm" spacing={4}>{lines.map((line) => <List.Item key={line} className="breakable">{line}</List.Item>)}</List>
    </section>
  );
}
