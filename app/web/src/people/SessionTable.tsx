import type { ReactNode } from "react";
import { Table, Text } from "@mantine/core";
import type { Schemas } from "@/api/client";
import { When } from "@/kit/When";

interface SessionTableProps<One> {
  sessions: One[];
  empty: string;
  /** What can be done with one, in a last column. */
  action?: (session: One) => ReactNode;
}

/** Where somebody is signed in. */
export function SessionTable<One extends Schemas["UserSessionBody"]>({ sessions, empty, action }: SessionTableProps<One>) {
  if (sessions.length === 0) return <Text size="sm" c="dimmed">{empty}</Text>;
  return (
    <Table.ScrollContainer minWidth={480}>
      <Table>
        <Table.Thead><Table.Tr>
          <Table.Th scope="col">From</Table.Th><Table.Th scope="col">Signed in</Table.Th>
          <Table.Th scope="col">Last used</Table.Th><Table.Th scope="col">Ends</Table.Th>
          {action && <Table.Th scope="col">Action</Table.Th>}
        </Table.Tr></Table.Thead>
        <Table.Tbody>
          {sessions.map((session) => (
            <Table.Tr key={session.id}>
              <Table.Th scope="row" fw={500}>{session.address || "unknown address"}</Table.Th>
              <Table.Td><When at={session.created_at} /></Table.Td>
              <Table.Td><When at={session.seen_at} /></Table.Td>
              <Table.Td><When at={session.expires_at} /></Table.Td>
              {action && <Table.Td>{action(session)}</Table.Td>}
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}
