import { useState } from "react";
import { Stack, Text } from "@mantine/core";
import { useNavigate, useParams } from "@tanstack/react-router";
import { api, queries, type Schemas } from "@/api/client";
import { refresh } from "@/api/queryClient";
import { Confirmed } from "@/kit/Confirmed";
import { Link } from "@/kit/Link";
import { Page } from "@/kit/Page";
import { Shown } from "@/kit/Shown";
import { When } from "@/kit/When";
import { AdministratorsOnly } from "./AdministratorsOnly";
import { Asked } from "./Asked";
import { Grants } from "./Grants";
import { GroupFields } from "./groups/GroupFields";
import { GroupMembers } from "./groups/GroupMembers";
import { Section } from "./Section";

/** All about one group: who is in it, and what it opens. */
export function GroupPage() {
  const { groupId = "" } = useParams({ strict: false });
  const query = queries.useQuery("get", "/v1/groups/{group_id}", { params: { path: { group_id: groupId } } });
  const above = <Link to="/people" search={{ tab: "groups" }} size="sm">Groups</Link>;
  if (!query.data) {
    return <Page title="Group" above={above}><AdministratorsOnly><Shown query={query}>{() => null}</Shown></AdministratorsOnly></Page>;
  }
  const group = query.data;
  return (
    <Page title={group.name} above={above} actions={<Change group={group} />}
      description={<Text size="sm">Made <When at={group.created_at} />. {group.claim ? <>Filled by the provider's claim <bdi>{group.claim}</bdi>, and by hand.</> : "Filled by hand."}</Text>}>
      <AdministratorsOnly>
        <Stack gap="md">
          <GroupMembers group={group} />
          <Section title="Collections" description="What the lists of collections let its members into. What is open to everyone is named too.">
            <Grants collections={group.collections} ownKey={`g:${group.id}`} own="this group" />
          </Section>
          <Section title="Remove the group" description="Its members stay. A new group under the same name is another one, and opens nothing that this one opened." actions={<Remove group={group} />} />
        </Stack>
      </AdministratorsOnly>
    </Page>
  );
}

function Change({ group }: { group: Schemas["GroupDetailsBody"] }) {
  const [given, setGiven] = useState({ name: "", claim: "" });
  async function change() {
    await api.PATCH("/v1/groups/{group_id}", { params: { path: { group_id: group.id } }, body: { name: given.name, claim: given.claim || null } });
    await refresh("/v1/groups", "/v1/users", "/v1/directory");
  }
  return (
    <Asked label="Change" title="Change the group" verb="Save" variant="default" onSubmit={change}
      onOpen={() => setGiven({ name: group.name, claim: group.claim ?? "" })}>
      <GroupFields given={given} onChange={setGiven} />
      <Text size="sm" c="dimmed">Lists name the group by an id that never changes, so they stay right under another name.</Text>
    </Asked>
  );
}

function Remove({ group }: { group: Schemas["GroupDetailsBody"] }) {
  const navigate = useNavigate();
  async function remove() {
    await api.DELETE("/v1/groups/{group_id}", { params: { path: { group_id: group.id } } });
    await navigate({ to: "/people", search: { tab: "groups" } });
    await refresh("/v1/groups", "/v1/users", "/v1/directory");
  }
  return (
    <Confirmed label="Remove" variant="default" question={`Remove ${group.name}?`} verb="Remove group" onConfirm={remove}
      consequence="Whoever reads or looks after something only as its member loses that from the next request on. This cannot be taken back: lists that name it let nobody in by it any more." />
  );
}
