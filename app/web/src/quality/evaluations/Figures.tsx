import { List, Paper, Stack, Table, Text, Title } from "@mantine/core";
import type { Schemas } from "@/api/client";
import { between, shown, titleOf } from "../figures";
import { Whiskers, type Whisker } from "../Whiskers";

type Report = Schemas["ReportBody"];

/** Every figure with its interval, drawn and in a table; and what could not be measured. */
export function Figures({ report }: { report: Report }) {
  const measured = Object.entries(report.figures).filter(([, figure]) => figure.value !== null);
  const shares: Whisker[] = measured.flatMap(([name, { value, low, high }]) =>
    value !== null && report.measures[name]?.share ? [{ label: titleOf(name), value, low, high }] : []);
  return (
    <Stack gap="lg">
      <Text size="sm" c="dimmed" maw={760}>
        A 95 % interval says how far a figure might lie elsewhere, had you asked other questions of the same kind. Figures lie between 0 and 1, times are milliseconds.
      </Text>
      {shares.length > 0 && (
        <Paper withBorder p="md"><Whiskers rows={shares} label="Figures with their 95 % intervals" span={[0, 1]} /></Paper>
      )}
      <Table.ScrollContainer minWidth={640} scrollAreaProps={{ viewportProps: { tabIndex: 0, "aria-label": "Figures" } }}>
        <Table verticalSpacing="xs">
          <Table.Thead>
            <Table.Tr>
              <Table.Th scope="col">Figure</Table.Th>
              <Table.Th scope="col">Value</Table.Th>
              <Table.Th scope="col">95 % interval</Table.Th>
              <Table.Th scope="col">Questions</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>{measured.map(([name]) => <Row key={name} name={name} report={report} />)}</Table.Tbody>
        </Table>
      </Table.ScrollContainer>
      <Unmeasured notes={report.notes} />
    </Stack>
  );
}

function Row({ name, report }: { name: string; report: Report }) {
  const figure = report.figures[name];
  const measure = report.measures[name];
  if (!figure) return null;
  return (
    <Table.Tr>
      <Table.Th scope="row" fw={400}>
        <Text size="sm" fw={600}>{titleOf(name)}</Text>
        <Text size="xs" c="dimmed">{name}: {measure?.meaning}{measure?.better === "lower" ? "; lower is better" : ""}</Text>
      </Table.Th>
      <Table.Td className="figures nowrap">{shown(figure.value, name)}</Table.Td>
      <Table.Td className="figures nowrap">{between(figure, name) || <Text span size="sm" c="dimmed">too few questions</Text>}</Table.Td>
      <Table.Td className="figures">{figure.questions}</Table.Td>
    </Table.Tr>
  );
}

function Unmeasured({ notes }: { notes: string[] }) {
  if (notes.length === 0) return null;
  return (
    <section>
      <Title order={2} size="h5" mb="xs">What else to know</Title>
      <List size="sm" spacing={4}>{notes.map((note) => <List.Item key={note} className="breakable">{note}</List.Item>)}</List>
    </section>
  );
}
