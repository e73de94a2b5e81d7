import { useState } from "react";
import { Badge, Group, Stack, Table, Text, TextInput } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { IconSearch } from "@tabler/icons-react";
import { queries, type Schemas } from "@/api/client";
import { Empty } from "@/kit/Empty";
import { Link } from "@/kit/Link";
import { More } from "@/kit/More";
import { Shown } from "@/kit/Shown";
import { When } from "@/kit/When";
import { NewUser } from "./NewUser";
import { kindOf } from "./user";

const PAGE = 50;

/** Everybody who has an account, found by a part of their name. */
export function UserList() {
  const [words, setWords] = useState("");
  const [q] = useDebouncedValue(words.trim(), 250);
  const query = queries.useInfiniteQuery("get", "/v1/users", { params: { query: { q, limit: PAGE } } }, {
    pageParamName: "after",
    initialPageParam: "",
    getNextPageParam: ({ next }: { next: string | null }) => next ?? undefined,
  });
  return (
    <Stack>
      <Group justify="space-between" align="flex-end">
        <TextInput label="Find users" placeholder="Part of a name" leftSection={<IconSearch size={16} aria-hidden />} maxLength={100}
          value={words} onChange={(event) => setWords(event.currentTarget.value)} />
        <NewUser />
      </Group>
      <Shown query={query}>
        {({ pages }) => {
          const users = pages.flatMap((page) => page.users);
          if (users.length === 0) return <Empty title="Nobody has this in their name">Try a shorter part of it.</Empty>;
          return <><UserTable users={users} /><More query={query} label="Show more users" /></>;
        }}
      </Shown>
    </Stack>
  );
}

function UserTable({ users }: { users: Schemas["ListedUserBody"][] }) {
  return (
    <Table.ScrollContainer minWidth={680}>
      <Table highlightOnHover>
        <Table.Thead><Table.Tr>
          {["Name", "Kind", "Role", "Groups", "Last sign-in"].map((head) => <Table.Th key={head} scope="col">{head}</Table.Th>)}
        </Table.Tr></Table.Thead>
        <Table.Tbody>
          {users.map((user) => (
            <Table.Tr key={user.id}>
              <Table.Th scope="row" fw={500} className="breakable">
                <Link to="/people/$userId" params={{ userId: user.id }}><bdi>{user.display_name || user.name}</bdi></Link>
                {user.display_name !== user.name && <Text size="xs" c="dimmed"><bdi>{user.name}</bdi></Text>}
              </Table.Th>
              <Table.Td>{kindOf(user)}</Table.Td>
              <Table.Td>
                <Group gap={4}>
                  {user.administrator && <Badge variant="light" className="state" miw="max-content">Administrator</Badge>}
                  {user.suspended_at && <Badge variant="light" color="orange" className="state" miw="max-content">Suspended</Badge>}
                  {!user.administrator && !user.suspended_at && <Text size="sm" c="dimmed">Reader</Text>}
                </Group>
              </Table.Td>
              <Table.Td className="breakable">{user.groups.map((group) => group.name).join(", ") || <Text span size="sm" c="dimmed">none</Text>}</Table.Td>
              <Table.Td>{user.kind === "service" ? <Text span size="sm" c="dimmed">uses keys</Text> : <When at={user.signed_in_at} />}</Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}
