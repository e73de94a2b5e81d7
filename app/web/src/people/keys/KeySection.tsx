import type { UseQueryResult } from "@tanstack/react-query";
import { Table, Text } from "@mantine/core";
import { api, type Schemas } from "@/api/client";
import { refresh } from "@/api/queryClient";
import { Confirmed } from "@/kit/Confirmed";
import { Shown } from "@/kit/Shown";
import { When } from "@/kit/When";
import { Section } from "../Section";
import { NewKey, type MakeKey } from "./NewKey";
import { SCOPES } from "./scopes";

interface KeySectionProps {
  query: UseQueryResult<Schemas["KeysBody"], unknown>;
  make: MakeKey;
  description: string;
}

/** API keys: what they may do, when they were used, and their end. */
export function KeySection({ query, make, description }: KeySectionProps) {
  return (
    <Section title="API keys" description={description} actions={<NewKey make={make} />}>
      <Shown query={query}>
        {({ keys }) => (keys.length === 0 ? <Text size="sm" c="dimmed">No keys.</Text> : <KeyTable keys={keys} />)}
      </Shown>
    </Section>
  );
}

function KeyTable({ keys }: { keys: Schemas["KeyBody"][] }) {
  return (
    <Table.ScrollContainer minWidth={620}>
      <Table>
        <Table.Thead><Table.Tr>
          {["Name", "May", "Made", "Last used", "Expires", "Action"].map((head) => <Table.Th key={head} scope="col">{head}</Table.Th>)}
        </Table.Tr></Table.Thead>
        <Table.Tbody>
          {keys.map((key) => (
            <Table.Tr key={key.id}>
              <Table.Th scope="row" fw={500} className="breakable"><bdi>{key.name}</bdi></Table.Th>
              <Table.Td>{key.scopes.map((scope) => SCOPES[scope].label.toLowerCase()).join(", ")}</Table.Td>
              <Table.Td><When at={key.created_at} /></Table.Td>
              <Table.Td><When at={key.seen_at} /></Table.Td>
              <Table.Td><When at={key.expires_at} /></Table.Td>
              <Table.Td><Revoke of={key} /></Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}

function Revoke({ of }: { of: Schemas["KeyBody"] }) {
  async function revoke() {
    await api.DELETE("/v1/keys/{key_id}", { params: { path: { key_id: of.id } } });
    await refresh("/v1/keys", "/v1/users");
  }
  return (
    <Confirmed label="Revoke" aria-label={`Revoke ${of.name}`} size="xs" variant="default" question={`Revoke the key ${of.name}?`} verb="Revoke key"
      consequence="Programs that use it are refused from the next request on, and so are keys that were made with it. There is no way back." onConfirm={revoke} />
  );
}
