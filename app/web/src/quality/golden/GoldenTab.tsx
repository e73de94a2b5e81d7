import { Group, Stack, Table, Text, Title } from "@mantine/core";
import { queries, type Schemas } from "@/api/client";
import { Empty } from "@/kit/Empty";
import { Link } from "@/kit/Link";
import { Shown } from "@/kit/Shown";
import { When } from "@/kit/When";
import { grouped } from "@/kit/numbers";
import { AddQuestions } from "./AddQuestions";

/** Golden sets: the questions that everything is measured with. */
export function GoldenTab() {
  const sets = queries.useQuery("get", "/v1/golden-sets");
  return (
    <Stack gap="md">
      <Group justify="space-between" align="flex-start">
        <div>
          <Title order={2} size="h4">Golden sets</Title>
          <Text size="sm" c="dimmed" maw={640}>
            Lists of questions with what is known about their answers. Answers are measured against them, so they should be what people really ask.
          </Text>
        </div>
        <AddQuestions set={null} />
      </Group>
      <Shown query={sets}>
        {({ golden_sets: found }) => found.length === 0 ? (
          <Empty title="There is no golden set yet">
            Have questions drafted from your documents and approve the good ones, make them of approved corrections, or import a file.
          </Empty>
        ) : <Sets sets={found} />}
      </Shown>
    </Stack>
  );
}

function Sets({ sets }: { sets: Schemas["VersionBody"][] }) {
  return (
    <Table.ScrollContainer minWidth={600} scrollAreaProps={{ viewportProps: { tabIndex: 0, "aria-label": "Golden sets" } }}>
      <Table verticalSpacing="xs" highlightOnHover>
        <Table.Thead>
          <Table.Tr>
            {["Name", "Questions", "Drafts to review", "Version", "Changed", "Note"].map((name) => <Table.Th key={name} scope="col">{name}</Table.Th>)}
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {sets.map((set) => (
            <Table.Tr key={set.name}>
              <Table.Th scope="row" fw={400} className="breakable">
                <Link to="/quality/golden/$name" params={{ name: set.name }}>{set.name}</Link>
              </Table.Th>
              <Table.Td className="figures">{grouped(set.count)}</Table.Td>
              <Table.Td className="figures">
                {set.drafts === 0 ? "none" : <Link to="/quality/golden/$name" params={{ name: set.name }} search={{ tab: "review" }}>{grouped(set.drafts)}</Link>}
              </Table.Td>
              <Table.Td className="figures">{set.version}</Table.Td>
              <Table.Td><When at={set.created_at} /></Table.Td>
              <Table.Td><Text size="sm" c="dimmed" lineClamp={2} className="breakable">{set.note}</Text></Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}
