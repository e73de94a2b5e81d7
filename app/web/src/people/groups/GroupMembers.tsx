import { useState } from "react";
import { Button, Group, Table, Text } from "@mantine/core";
import { api, queries, type Schemas } from "@/api/client";
import { refresh } from "@/api/queryClient";
import { Confirmed } from "@/kit/Confirmed";
import { Link } from "@/kit/Link";
import { count } from "@/kit/numbers";
import { Shown } from "@/kit/Shown";
import { PersonSearch } from "../PersonSearch";
import { Section } from "../Section";

const CHANGED = ["/v1/groups", "/v1/users"];
const VIA = { local: "by hand", oidc: "by the provider" };

/** Who is in a group; more are found by their names. */
export function GroupMembers({ group }: { group: Schemas["GroupDetailsBody"] }) {
  const query = queries.useQuery("get", "/v1/groups/{group_id}/members", { params: { path: { group_id: group.id } } });
  const members = query.data?.members ?? [];
  return (
    <Section title="Members" description={count(group.members, "member")}>
      <Add groupId={group.id} without={members.map((member) => member.id)} />
      <Shown query={query}>
        {() => members.length === 0 ? <Text size="sm" c="dimmed">Nobody is in it.</Text> : (
          <Table.ScrollContainer minWidth={420}>
            <Table>
              <Table.Thead><Table.Tr>
                <Table.Th scope="col">Name</Table.Th><Table.Th scope="col">Put in</Table.Th><Table.Th scope="col">Action</Table.Th>
              </Table.Tr></Table.Thead>
              <Table.Tbody>{members.map((member) => <Member key={member.id} group={group} member={member} />)}</Table.Tbody>
            </Table>
          </Table.ScrollContainer>
        )}
      </Shown>
    </Section>
  );
}

function Add({ groupId, without }: { groupId: string; without: string[] }) {
  const [chosen, setChosen] = useState<string | null>(null);
  const adding = queries.useMutation("put", "/v1/groups/{group_id}/members/{user_id}");
  async function add() {
    if (chosen === null) return;
    await adding.mutateAsync({ params: { path: { group_id: groupId, user_id: chosen } } }).catch(() => undefined); // told by a notice
    setChosen(null);
    await refresh(...CHANGED);
  }
  return (
    <Group align="flex-end">
      <PersonSearch label="Add somebody" value={chosen} onChange={setChosen} without={without} />
      <Button disabled={chosen === null} loading={adding.isPending} onClick={() => void add()}>Add</Button>
    </Group>
  );
}

function Member({ group, member }: { group: Schemas["GroupDetailsBody"]; member: Schemas["MemberBody"] }) {
  async function takeOut() {
    await api.DELETE("/v1/groups/{group_id}/members/{user_id}", { params: { path: { group_id: group.id, user_id: member.id } } });
    await refresh(...CHANGED);
  }
  const claimed = member.via.includes("oidc");
  return (
    <Table.Tr>
      <Table.Th scope="row" fw={500} className="breakable">
        <Link to="/people/$userId" params={{ userId: member.id }}><bdi>{member.display_name || member.name}</bdi></Link>
      </Table.Th>
      <Table.Td>{member.via.map((via) => VIA[via]).join(" and ")}</Table.Td>
      <Table.Td>
        <Confirmed label="Take out" aria-label={`Take out ${member.name}`} size="xs" variant="default" question={`Take ${member.name} out of ${group.name}?`} verb="Take out" onConfirm={takeOut}
          consequence={`They lose what the group opens from the next request on.${claimed ? " The provider puts them back at their next sign-in, unless it is changed there." : ""}`} />
      </Table.Td>
    </Table.Tr>
  );
}
