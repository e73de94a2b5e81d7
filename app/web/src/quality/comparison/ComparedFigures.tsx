import { Table, Text } from "@mantine/core";
import type { Schemas } from "@/api/client";
import { StateBadge } from "@/kit/StateBadge";
import { between, changeShown, shown, titleOf } from "../figures";
import { summary } from "./verdict";

type Difference = Schemas["DifferenceBody"];
const COLUMNS = ["Before", "After", "Change", "95 % interval", "What it comes to"];

interface Compared {
  key: string;
  title: string;
  /** Of the figure. */
  name: string;
  difference: Difference;
}

/** A table of differences: of figures, or of one figure in several groups. */
export function Differences({ rows, head, label }: { rows: Compared[]; head: string; label: string }) {
  return (
    <Table.ScrollContainer minWidth={760} scrollAreaProps={{ viewportProps: { tabIndex: 0, "aria-label": label } }}>
      <Table verticalSpacing="xs">
        <Table.Thead>
          <Table.Tr>{[head, ...COLUMNS].map((column) => <Table.Th key={column} scope="col">{column}</Table.Th>)}</Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {rows.map(({ key, title, name, difference }) => (
            <Table.Tr key={key}>
              <Table.Th scope="row" fw={400} className="breakable">
                {title}
                <Text size="xs" c="dimmed">{difference.questions} questions</Text>
              </Table.Th>
              <Table.Td className="figures nowrap">{shown(difference.before, name)}</Table.Td>
              <Table.Td className="figures nowrap">{shown(difference.after, name)}</Table.Td>
              <Table.Td className="figures nowrap">{changeShown(difference.value, name)}</Table.Td>
              <Table.Td className="figures nowrap">{between(difference, name, changeShown)}</Table.Td>
              <Table.Td><Verdict difference={difference} /></Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}

function Verdict({ difference }: { difference: Difference }) {
  const { verdict } = difference;
  if (verdict === "better" || verdict === "worse") return <StateBadge state={verdict} />;
  return <Text size="sm" c="dimmed">{verdict === "not tested" ? "not tested: machines differ" : summary(difference)}</Text>;
}

export function figureRows(figures: Record<string, Difference>): Compared[] {
  return Object.entries(figures).map(([name, difference]) => ({ key: name, title: titleOf(name), name, difference }));
}

export function sliceRows(slices: Schemas["SliceChangeBody"][], primary: string): Compared[] {
  return slices.map(({ tag, value, difference }) => ({ key: `${tag}\n${value}`, title: `${tag}: ${value}`, name: primary, difference }));
}
