import { useState } from "react";
import { Group, Stack, Table, Text, TextInput } from "@mantine/core";
import { useNavigate } from "@tanstack/react-router";
import { api, queries } from "@/api/client";
import { refresh } from "@/api/queryClient";
import { Empty } from "@/kit/Empty";
import { Link } from "@/kit/Link";
import { grouped } from "@/kit/numbers";
import { Shown } from "@/kit/Shown";
import { When } from "@/kit/When";
import { Asked } from "../Asked";
import { GroupFields, type GroupGiven } from "./GroupFields";

/** Every group, found by a part of its name. */
export function GroupList() {
  const query = queries.useQuery("get", "/v1/groups");
  const [words, setWords] = useState("");
  return (
    <Stack>
      <Group justify="space-between" align="flex-end">
        <TextInput label="Find groups" placeholder="Part of a name" maxLength={100} value={words} onChange={(event) => setWords(event.currentTarget.value)} />
        <NewGroup />
      </Group>
      <Shown query={query}>
        {({ groups }) => {
          const found = groups.filter((group) => group.name.toLowerCase().includes(words.trim().toLowerCase()));
          if (groups.length === 0) return <Empty title="There are no groups yet">Make one, put users into it, and name it in the lists of collections and documents.</Empty>;
          if (found.length === 0) return <Empty title="No group has this in its name" />;
          return (
            <Table.ScrollContainer minWidth={520}>
              <Table highlightOnHover>
                <Table.Thead><Table.Tr>
                  {["Name", "Members", "Claim of the provider", "Made"].map((head) => <Table.Th key={head} scope="col">{head}</Table.Th>)}
                </Table.Tr></Table.Thead>
                <Table.Tbody>
                  {found.map((group) => (
                    <Table.Tr key={group.id}>
                      <Table.Th scope="row" fw={500} className="breakable"><Link to="/people/groups/$groupId" params={{ groupId: group.id }}><bdi>{group.name}</bdi></Link></Table.Th>
                      <Table.Td className="figures">{grouped(group.members)}</Table.Td>
                      <Table.Td className="breakable">{group.claim ?? <Text span size="sm" c="dimmed">none</Text>}</Table.Td>
                      <Table.Td><When at={group.created_at} /></Table.Td>
                    </Table.Tr>
                  ))}
                </Table.Tbody>
              </Table>
            </Table.ScrollContainer>
          );
        }}
      </Shown>
    </Stack>
  );
}

const EMPTY: GroupGiven = { name: "", claim: "" };

function NewGroup() {
  const navigate = useNavigate();
  const [given, setGiven] = useState(EMPTY);
  async function make() {
    const { data } = await api.POST("/v1/groups", { body: { name: given.name, claim: given.claim || null } });
    await refresh("/v1/groups", "/v1/directory");
    if (data) await navigate({ to: "/people/groups/$groupId", params: { groupId: data.id } });
  }
  return (
    <Asked label="Make a group" title="Make a group" verb="Make group" onSubmit={make} onOpen={() => setGiven(EMPTY)}>
      <GroupFields given={given} onChange={setGiven} />
    </Asked>
  );
}
