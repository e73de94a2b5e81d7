import type { ReactNode } from "react";
import { Badge, Drawer, Group, List, Stack, Table, Text, Title } from "@mantine/core";
import { shown, titleOf } from "../figures";
import type { Report } from "./questionRows";

interface QuestionDetailProps {
  report: Report;
  /** Null when none is open. */
  id: string | null;
  onClose: () => void;
}

/** What was asked, expected, found and answered, with every score of the question. */
export function QuestionDetail({ report, id, onClose }: QuestionDetailProps) {
  return (
    <Drawer opened={id !== null} onClose={onClose} position="right" size="lg" title="Question">
      {id !== null && <Content report={report} id={id} />}
    </Drawer>
  );
}

function Content({ report, id }: { report: Report; id: string }) {
  const detail = report.details[id];
  const tags = Object.entries(report.tags[id] ?? {});
  const wrong = report.wrong.find(({ question }) => question === id);
  return (
    <Stack gap="md">
      <div>
        <Text fw={600} className="pre" dir="auto">{detail?.text || id}</Text>
        <Text size="xs" c="dimmed" className="breakable">{id}</Text>
        <Group gap={6} mt={6}>{tags.map(([tag, value]) => <Badge key={tag} variant="default" className="state">{tag}: {value}</Badge>)}</Group>
      </div>
      {wrong?.why && <Text size="sm" c="red">It was {wrong.why}.</Text>}
      {detail && (
        <>
          <Part title="Answered"><Words text={detail.answer} none="Not kept in a run of the search alone" /></Part>
          <Part title="Expected: the evidence, or an answer"><Words text={detail.reference} none="None is given, or you may not read what it stands on" /></Part>
          <Part title="Documents that answer it"><Expected expected={detail.expected} named={detail.named} /></Part>
          <Part title="Documents that were found, the best first"><Documents names={detail.found} sought={detail.expected} /></Part>
          {detail.cited.length > 0 && <Part title="Documents that were cited"><Documents names={[...new Set(detail.cited)]} sought={detail.expected} /></Part>}
        </>
      )}
      <Part title="Scores"><Scores scores={report.scores[id] ?? {}} /></Part>
    </Stack>
  );
}

function Part({ title, children }: { title: string; children: ReactNode }) {
  return (
    <section>
      <Title order={3} size="h6" mb={4}>{title}</Title>
      {children}
    </section>
  );
}

function Words({ text, none }: { text: string | null; none: string }) {
  return text ? <Text size="sm" className="pre" dir="auto">{text}</Text> : <Text size="sm" c="dimmed">{none}.</Text>;
}

function Expected({ expected, named }: { expected: string[]; named: string[] }) {
  const missing = named.filter((name) => !expected.includes(name));
  return (
    <>
      {(expected.length > 0 || missing.length === 0) && <Documents names={expected} sought={[]} />}
      {missing.length > 0 && <Text size="sm" c="dimmed" className="breakable">Named, but gone or not for whoever asked to read: {missing.join(", ")}</Text>}
    </>
  );
}

function Documents({ names, sought }: { names: string[]; sought: string[] }) {
  if (names.length === 0) return <Text size="sm" c="dimmed">None.</Text>;
  return (
    <List size="sm" spacing={2} type="ordered">
      {names.map((name) => (
        <List.Item key={name} className="breakable">
          {name} {sought.includes(name) && <Badge size="sm" color="green" variant="light" className="state">expected</Badge>}
        </List.Item>
      ))}
    </List>
  );
}

function Scores({ scores }: { scores: Record<string, number | null> }) {
  return (
    <Table verticalSpacing={4}>
      <Table.Tbody>
        {Object.entries(scores).filter(([, score]) => score !== null).map(([name, score]) => (
          <Table.Tr key={name}>
            <Table.Th scope="row" fw={400}><Text size="sm">{titleOf(name)}</Text></Table.Th>
            <Table.Td className="figures" ta="right">{shown(score, name)}</Table.Td>
          </Table.Tr>
        ))}
      </Table.Tbody>
    </Table>
  );
}
