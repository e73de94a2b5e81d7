import { Stack, Table, Text, Title } from "@mantine/core";
import type { Schemas } from "@/api/client";
import { signed } from "@/kit/numbers";
import { Whiskers } from "@/quality/Whiskers";
import { kindInWords } from "../words";
import { WideTable } from "../lists/WideTable";

/** What each kind of question gains: as dots with whiskers, and the same in a table. */
export function Kinds({ kinds, overall, order }: { kinds: Schemas["KindGainBody"][]; overall: number | null; order: 3 | 4 }) {
  const rows = kinds.map((kind) => ({ ...kind, label: kindInWords(kind.name) }));
  return (
    <Stack gap="xs">
      <Title order={order} size="h5">By the kind of question</Title>
      <Whiskers rows={rows} label="Gain by the kind of question" mark={0} write={(value) => signed(value, 2)} />
      <Text size="sm">
        The dot is the gain of a kind, the line where it lies with 95 % confidence; the dashed line is no change
        {overall !== null && ` (all questions: ${signed(overall)})`}. A kind of 30 questions or more that loses over 0.05 refuses the candidate. Kinds overlap.
      </Text>
      <WideTable label="Gain by the kind of question" minWidth={480} columns={["Kind", "Questions", "Gain", "Between"]}>
        {rows.map(({ name, label, questions, value, low, high }) => (
          <Table.Tr key={name}>
            <Table.Th scope="row" fw={400}>{label}</Table.Th>
            <Table.Td className="figures">{questions}</Table.Td>
            <Table.Td className="figures">{signed(value)}</Table.Td>
            <Table.Td className="figures">{low === null || high === null ? "not measured" : `${signed(low)} and ${signed(high)}`}</Table.Td>
          </Table.Tr>
        ))}
      </WideTable>
    </Stack>
  );
}
