import { Badge, Group, Stack, Text } from "@mantine/core";
import { useNavigate, useParams } from "@tanstack/react-router";
import { api, queries, type Schemas } from "@/api/client";
import { refresh } from "@/api/queryClient";
import { Confirmed } from "@/kit/Confirmed";
import { ButtonLink, Link } from "@/kit/Link";
import { Page } from "@/kit/Page";
import { Shown } from "@/kit/Shown";
import { When } from "@/kit/When";
import { AdministratorsOnly } from "./AdministratorsOnly";
import { Grants } from "./Grants";
import { KeysOf } from "./keys/KeysOf";
import { Section } from "./Section";
import { kindOf } from "./users/user";
import { UserGroups } from "./users/UserGroups";
import { Rename, Rights } from "./users/UserRights";
import { SignIns } from "./users/SignIns";

/** All about one user: what they may do, how they come in, and their end. */
export function UserPage() {
  const { userId = "" } = useParams({ strict: false });
  const query = queries.useQuery("get", "/v1/users/{user_id}", { params: { path: { user_id: userId } } });
  const above = <Link to="/people" size="sm">People</Link>;
  if (!query.data) {
    return <Page title="User" above={above}><AdministratorsOnly><Shown query={query}>{() => null}</Shown></AdministratorsOnly></Page>;
  }
  const user = query.data;
  return (
    <Page title={user.display_name || user.name} above={above} actions={<Rename user={user} />} description={<Summary user={user} />}>
      <AdministratorsOnly>
        <Stack gap="md">
          <Rights user={user} />
          <UserGroups user={user} />
          <Section title="Collections" description="What the lists of collections let them into. A document's own list may still keep them out.">
            <Grants collections={user.collections} ownKey={`u:${user.id}`} own="themselves" />
            {user.administrator && <Text size="sm">As an administrator they look after every collection, which does not let them read it.</Text>}
          </Section>
          {user.kind === "person" && <SignIns user={user} />}
          <KeysOf userId={user.id} />
          <End user={user} />
        </Stack>
      </AdministratorsOnly>
    </Page>
  );
}

function Summary({ user }: { user: Schemas["UserDetailsBody"] }) {
  return (
    <Stack gap={4}>
      <Group gap="xs">
        <span>Signs in as <bdi>{user.name}</bdi>.</span>
        <Badge variant="light" color="gray" className="state">{kindOf(user)}</Badge>
        {user.administrator && <Badge variant="light" className="state">Administrator</Badge>}
        {user.suspended_at && <Badge variant="light" color="orange" className="state">Suspended</Badge>}
      </Group>
      <Text size="sm" inherit={false}>
        Made <When at={user.created_at} />
        {user.kind === "person" && <>; last sign-in <When at={user.signed_in_at} /></>}
        {user.suspended_at && <>; suspended <When at={user.suspended_at} /></>}
        {user.issuer && <>; signs in with <bdi>{user.issuer}</bdi></>}
      </Text>
      <Text size="xs" className="breakable">Id {user.id}</Text>
    </Stack>
  );
}

function End({ user }: { user: Schemas["UserDetailsBody"] }) {
  const navigate = useNavigate();
  async function remove() {
    await api.DELETE("/v1/users/{user_id}", { params: { path: { user_id: user.id } } });
    await navigate({ to: "/people" });
    await refresh("/v1/users", "/v1/groups", "/v1/directory");
  }
  return (
    <Section title="Remove or forget" description="To remove an account leaves what its owner asked and said. To forget somebody erases that too."
      actions={
        <>
          <Confirmed label="Remove the account" variant="default" question={`Remove ${user.name}?`} verb="Remove account" onConfirm={remove}
            consequence="The account goes, with its sessions, API keys and memberships. What they asked and said stays. Somebody new under the same name is somebody else, and reads nothing of theirs." />
          <ButtonLink to="/people" search={{ tab: "erasures", kind: "user", subject: user.id }} variant="default">Forget this person</ButtonLink>
        </>
      } />
  );
}
