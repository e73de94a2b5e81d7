import type { ReactNode } from "react";
import { Table } from "@mantine/core";

interface WideTableProps {
  /** What the table holds: it can be reached and scrolled by keyboard. */
  label: string;
  columns: string[];
  minWidth?: number;
  children: ReactNode;
}

/** A table that scrolls sideways where there is no room for it. */
export function WideTable({ label, columns, minWidth = 760, children }: WideTableProps) {
  return (
    <Table.ScrollContainer minWidth={minWidth} scrollAreaProps={{ viewportProps: { tabIndex: 0, role: "group", "aria-label": label } }}>
      <Table verticalSpacing="sm">
        <Table.Thead>
          <Table.Tr>{columns.map((name) => <Table.Th key={name} scope="col">{name}</Table.Th>)}</Table.Tr>
        </Table.Thead>
        <Table.Tbody>{children}</Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}
