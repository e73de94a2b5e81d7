import { Table, Text } from "@mantine/core";
import type { Schemas } from "@/api/client";
import { useNames } from "./names";

/** The collections that lists let somebody into, and by which key of theirs. */
export function Grants({ collections, ownKey, own }: { collections: Schemas["GrantBody"][]; ownKey: string; own: string }) {
  const names = useNames(collections.flatMap((grant) => [...grant.read_by, ...grant.curated_by]));
  const by = (keys: string[]) => keys.map((key) => (key === ownKey ? own : (names.get(key) ?? key))).join(", ");
  if (collections.length === 0) return <Text size="sm" c="dimmed">No collection lets them in.</Text>;
  return (
    <Table.ScrollContainer minWidth={320}>
      <Table>
        <Table.Thead><Table.Tr>
          <Table.Th scope="col">Collection</Table.Th><Table.Th scope="col">Reads, as</Table.Th><Table.Th scope="col">Looks after, as</Table.Th>
        </Table.Tr></Table.Thead>
        <Table.Tbody>
          {collections.map((grant) => (
            <Table.Tr key={grant.name}>
              <Table.Th scope="row" fw={500}>{grant.name}</Table.Th>
              <Table.Td>{by(grant.read_by) || "no"}</Table.Td>
              <Table.Td>{by(grant.curated_by) || "no"}</Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}
