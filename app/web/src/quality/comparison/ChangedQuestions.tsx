import { useState } from "react";
import { Button, Group, Table, Text } from "@mantine/core";
import type { Schemas } from "@/api/client";
import { changeShown, shown } from "../figures";

const FIRST = 25;

/** The questions that changed most, losses and gains. */
export function ChangedQuestions({ changes, name }: { changes: Schemas["WordedChangeBody"][]; name: string }) {
  const [limit, setLimit] = useState(FIRST);
  const sorted = changes.toSorted((a, b) => Math.abs(b.after - b.before) - Math.abs(a.after - a.before));
  return (
    <>
      <Table.ScrollContainer minWidth={560} scrollAreaProps={{ viewportProps: { tabIndex: 0, "aria-label": "Questions that changed" } }}>
        <Table verticalSpacing="xs">
          <Table.Thead>
            <Table.Tr>
              {["Question", "Before", "After", "Change"].map((column) => <Table.Th key={column} scope="col">{column}</Table.Th>)}
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {sorted.slice(0, limit).map(({ question, text, before, after }) => (
              <Table.Tr key={question}>
                <Table.Th scope="row" fw={400}>
                  <Text size="sm" dir="auto" lineClamp={3}>{text || question}</Text>
                  <Text size="xs" c="dimmed" className="breakable" lineClamp={1}>{question}</Text>
                </Table.Th>
                <Table.Td className="figures">{shown(before, name)}</Table.Td>
                <Table.Td className="figures">{shown(after, name)}</Table.Td>
                <Table.Td className="figures">{changeShown(after - before, name)}</Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </Table.ScrollContainer>
      {sorted.length > limit && <Group justify="center"><Button variant="default" onClick={() => setLimit(limit * 4)}>Show more</Button></Group>}
    </>
  );
}
