import { useState } from "react";
import { Group, Select, Stack, Text } from "@mantine/core";
import { api, queries, type Schemas } from "@/api/client";
import { refresh } from "@/api/queryClient";
import { Confirmed } from "@/kit/Confirmed";
import { Link } from "@/kit/Link";
import { Asked } from "../Asked";
import { Section } from "../Section";

const CHANGED = ["/v1/users", "/v1/groups"];

/** The groups somebody is in. */
export function UserGroups({ user }: { user: Schemas["UserDetailsBody"] }) {
  return (
    <Section title="Groups" description="Lists of collections and documents name groups, so that not every person has to stand there."
      actions={<Join user={user} />}>
      {user.groups.length === 0 ? <Text size="sm" c="dimmed">In no group.</Text> : (
        <Stack gap="xs" component="ul" className="plain-list">
          {user.groups.map((group) => <Membership key={group.id} user={user} group={group} />)}
        </Stack>
      )}
    </Section>
  );
}

function Membership({ user, group }: { user: Schemas["UserDetailsBody"]; group: Schemas["NamedBody"] }) {
  async function leave() {
    await api.DELETE("/v1/groups/{group_id}/members/{user_id}", { params: { path: { group_id: group.id, user_id: user.id } } });
    await refresh(...CHANGED);
  }
  return (
    <Group component="li" justify="space-between" wrap="nowrap">
      <Link to="/people/groups/$groupId" params={{ groupId: group.id }} className="breakable"><bdi>{group.name}</bdi></Link>
      <Confirmed label="Take out" aria-label={`Take out of ${group.name}`} size="xs" variant="default" flex="none" question={`Take ${user.name} out of ${group.name}?`}
        verb="Take out" onConfirm={leave}
        consequence="They lose what the group opens from the next request on. A provider that claims the group for them puts them back at their next sign-in." />
    </Group>
  );
}

function Join({ user }: { user: Schemas["UserDetailsBody"] }) {
  const [chosen, setChosen] = useState<string | null>(null);
  const all = queries.useQuery("get", "/v1/groups");
  const offered = (all.data?.groups ?? []).filter((group) => !user.groups.some((mine) => mine.id === group.id));

  async function join() {
    if (chosen === null) throw new Error("Choose a group.");
    await api.PUT("/v1/groups/{group_id}/members/{user_id}", { params: { path: { group_id: chosen, user_id: user.id } } });
    await refresh(...CHANGED);
  }
  return (
    <Asked label="Put into a group" title="Put into a group" verb="Put in" size="xs" variant="default" onOpen={() => setChosen(null)} onSubmit={join}>
      <Select label="Group" searchable data={offered.map((group) => ({ value: group.id, label: group.name }))} value={chosen} onChange={setChosen}
        nothingFoundMessage="No other group" required data-autofocus />
    </Asked>
  );
}
