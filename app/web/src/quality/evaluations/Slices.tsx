import { Paper, Stack, Table, Text, Title } from "@mantine/core";
import type { Schemas } from "@/api/client";
import { Empty } from "@/kit/Empty";
import { StateBadge } from "@/kit/StateBadge";
import { between, shown, titleOf } from "../figures";
import { Whiskers, type Whisker } from "../Whiskers";

type Report = Schemas["ReportBody"];
type Slice = Schemas["SliceBody"];

const DRAWN = 20;

/** The main figure for every group of questions, the worst first. */
export function SliceTable({ report }: { report: Report }) {
  const { primary, slices } = report;
  if (primary === null || slices.length === 0) {
    return <Empty title="There are no groups to look at">Give the questions tags, such as their department, and each becomes a group here.</Empty>;
  }
  const ranked = slices.filter((slice) => !slice.small);
  const small = slices.filter((slice) => slice.small);
  const rows: Whisker[] = ranked.slice(0, DRAWN).flatMap((slice) => {
    const figure = slice.figures[primary];
    return figure?.value == null ? [] : [{ label: named(slice), value: figure.value, low: figure.low, high: figure.high }];
  });
  return (
    <Stack gap="md">
      <Text size="sm" c="dimmed">{titleOf(primary)}, by what the questions are tagged with. The worst group stands first; the dashed line is all questions.</Text>
      {rows.length > 0 && (
        <Paper withBorder p="md">
          <Whiskers rows={rows} label={`${titleOf(primary)} by group`} span={[0, 1]} mark={report.figures[primary]?.value ?? undefined} />
        </Paper>
      )}
      {ranked.length > 0 && <Rows slices={ranked} primary={primary} label="Groups, the worst first" />}
      {small.length > 0 && (
        <section>
          <Title order={2} size="h5">Groups that are too small to rank</Title>
          <Text size="sm" c="dimmed" mb="xs">Under five questions: they would be first, or last, by chance.</Text>
          <Rows slices={small} primary={primary} label="Small groups" />
        </section>
      )}
    </Stack>
  );
}

function Rows({ slices, primary, label }: { slices: Slice[]; primary: string; label: string }) {
  return (
    <Table.ScrollContainer minWidth={560} scrollAreaProps={{ viewportProps: { tabIndex: 0, "aria-label": label } }}>
      <Table verticalSpacing="xs">
        <Table.Thead>
          <Table.Tr>
            <Table.Th scope="col">Group</Table.Th>
            <Table.Th scope="col">{titleOf(primary)}</Table.Th>
            <Table.Th scope="col">95 % interval</Table.Th>
            <Table.Th scope="col">Questions</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {slices.map((slice) => {
            const figure = slice.figures[primary];
            return (
              <Table.Tr key={named(slice)}>
                <Table.Th scope="row" fw={400} className="breakable">{named(slice)}</Table.Th>
                <Table.Td className="figures">{shown(figure?.value, primary)}</Table.Td>
                <Table.Td className="figures nowrap">{figure && between(figure, primary)}</Table.Td>
                <Table.Td className="figures">{slice.questions}</Table.Td>
              </Table.Tr>
            );
          })}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}

function named({ tag, value }: { tag: string; value: string }): string {
  return `${tag}: ${value}`;
}

/** How far the best and the worst group of each tag lie apart, and whether that may be chance. */
export function Gaps({ report: { gaps, primary } }: { report: Report }) {
  if (gaps.length === 0 || primary === null) return null;
  return (
    <section>
      <Title order={2} size="h5">Best and worst group</Title>
      <Text size="sm" c="dimmed" mb="xs" maw={760}>
        A gap is more than chance when groups dealt out at random rarely differ as much; the chance is corrected for how many tags were looked at.
      </Text>
      <Table.ScrollContainer minWidth={620} scrollAreaProps={{ viewportProps: { tabIndex: 0, "aria-label": "Gaps" } }}>
        <Table verticalSpacing="xs">
          <Table.Thead>
            <Table.Tr>
              {["Tag", "Worst", "Best", "Gap", "95 % interval", "Chance"].map((name) => <Table.Th key={name} scope="col">{name}</Table.Th>)}
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {gaps.map((gap) => (
              <Table.Tr key={gap.tag}>
                <Table.Th scope="row" fw={400} className="breakable">{gap.tag}</Table.Th>
                <Table.Td className="breakable">{gap.worst}</Table.Td>
                <Table.Td className="breakable">{gap.best}</Table.Td>
                <Table.Td className="figures">{shown(gap.gap, primary)}</Table.Td>
                <Table.Td className="figures nowrap">{between(gap, primary)}</Table.Td>
                <Table.Td>
                  <StateBadge state={gap.chance ? "may be chance" : "more than chance"} />
                  <Text size="xs" c="dimmed" className="figures">p {gap.p_adjusted.toFixed(3)}</Text>
                </Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </Table.ScrollContainer>
    </section>
  );
}
