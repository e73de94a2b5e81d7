import { useMemo, useState } from "react";
import { Group, Pagination, SegmentedControl, Stack, Table, Text, TextInput, UnstyledButton } from "@mantine/core";
import { IconSearch } from "@tabler/icons-react";
import { Empty } from "@/kit/Empty";
import { StateBadge } from "@/kit/StateBadge";
import { count } from "@/kit/numbers";
import { shown, titleOf } from "../figures";
import { QuestionDetail } from "./QuestionDetail";
import { narrowed, questionRows, type Filter, type QuestionRow, type Report } from "./questionRows";

const PER_PAGE = 50;
const FILTERS: { value: Filter; label: string }[] = [
  { value: "all", label: "All" }, { value: "wrong", label: "Went wrong" }, { value: "right", label: "Went well" }, { value: "unknown", label: "Not known" },
];

/** Every question of a report with its score; each opens what was expected, found and answered. */
export function Questions({ report }: { report: Report }) {
  const rows = useMemo(() => questionRows(report), [report]);
  const [filter, setFilter] = useState<Filter>(report.wrong.length > 0 ? "wrong" : "all");
  const [words, setWords] = useState("");
  const [page, setPage] = useState(1);
  const [open, setOpen] = useState<string | null>(null);
  const found = useMemo(() => narrowed(rows, filter, words), [rows, filter, words]);
  const pages = Math.max(1, Math.ceil(found.length / PER_PAGE));
  const seen = found.slice((Math.min(page, pages) - 1) * PER_PAGE, Math.min(page, pages) * PER_PAGE);
  return (
    <Stack gap="md">
      <Group gap="sm" align="flex-end">
        <SegmentedControl aria-label="Which questions" data={FILTERS} value={filter} className="wraps"
          onChange={(value) => { setFilter(FILTERS.find((one) => one.value === value)?.value ?? "all"); setPage(1); }} />
        <TextInput aria-label="Words of the question" placeholder="Words of the question" leftSection={<IconSearch size={16} aria-hidden />} w={260} value={words}
          onChange={(event) => { setWords(event.currentTarget.value); setPage(1); }} />
        <Text size="sm" c="dimmed" role="status">{count(found.length, "question")}</Text>
      </Group>
      {seen.length === 0
        ? <Empty title="No question is like that">{filter === "wrong" && "Nothing went wrong in what was measured."}</Empty>
        : <Rows rows={seen} primary={report.primary} onOpen={setOpen} />}
      {pages > 1 && (
        <Pagination total={pages} value={Math.min(page, pages)} onChange={setPage} getControlProps={(control) => ({ "aria-label": `${control} page` })} />
      )}
      <QuestionDetail report={report} id={open} onClose={() => setOpen(null)} />
    </Stack>
  );
}

function Rows({ rows, primary, onOpen }: { rows: QuestionRow[]; primary: string | null; onOpen: (id: string) => void }) {
  const name = primary ?? "abstention_accuracy";
  return (
    <Table.ScrollContainer minWidth={520} scrollAreaProps={{ viewportProps: { tabIndex: 0, "aria-label": "Questions" } }}>
      <Table verticalSpacing="xs" highlightOnHover>
        <Table.Thead>
          <Table.Tr>
            <Table.Th scope="col">Question</Table.Th>
            <Table.Th scope="col">What became of it</Table.Th>
            <Table.Th scope="col">{titleOf(name)}</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {rows.map((row) => (
            <Table.Tr key={row.id}>
              <Table.Td>
                <UnstyledButton className="text-button" onClick={() => onOpen(row.id)}><Text size="sm" lineClamp={2} dir="auto" c="var(--mantine-color-anchor)">{row.text || row.id}</Text></UnstyledButton>
                <Text size="xs" c="dimmed" lineClamp={1} className="breakable">{row.id}</Text>
              </Table.Td>
              <Table.Td>{row.wrong === null ? <StateBadge state={row.score === null ? "not known" : "ok"} /> : <><StateBadge state="failed" /><Text size="xs" c="dimmed">{row.wrong}</Text></>}</Table.Td>
              <Table.Td className="figures">{shown(row.score, name)}</Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}
