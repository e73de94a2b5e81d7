import { Badge, Group, SegmentedControl, Stack, Text, useMantineColorScheme } from "@mantine/core";
import { ButtonLink } from "@/kit/Link";
import { Page } from "@/kit/Page";
import { OwnKeys } from "@/people/keys/KeysOf";
import { Section } from "@/people/Section";
import { useCaller, type Session } from "@/session/session";
import { ChangePassword } from "./ChangePassword";
import { OwnSessions } from "./OwnSessions";

const ROLES: Record<Session["role"], string> = {
  reader: "You ask, and read what access lists let you read.",
  curator: "You look after collections, and ask and read what access lists let you read.",
  administrator: "You manage users, collections and the server. What you may read, access lists alone say.",
};

/** Who somebody is here, how they come in, and how the page looks for them. */
export function AccountPage() {
  const session = useCaller();
  const { user } = session;
  return (
    <Page title="Account" description={user ? <>You are <bdi>{user.display_name || user.name}</bdi>.</> : "You are a command on the server's machine."}>
      <Stack gap="md">
        <Rights session={session} />
        {session.has_password && session.credential === "session" && <ChangePassword />}
        {session.credential === "session" && <OwnSessions />}
        {user && <OwnKeys />}
        <Colours />
      </Stack>
    </Page>
  );
}

function Rights({ session }: { session: Session }) {
  const { user, role, groups, curates, has_password: hasPassword } = session;
  return (
    <Section title="You" actions={role === "administrator" && user && <ButtonLink to="/people/$userId" params={{ userId: user.id }} size="xs" variant="default">Open as administrator</ButtonLink>}>
      <Stack component="dl" gap="xs" m={0} className="people-told">
        {user && <div><dt>Signs in as</dt><dd className="breakable"><bdi>{user.name}</bdi>{!hasPassword && user.kind === "person" && ", with a provider"}</dd></div>}
        <div><dt>Role</dt><dd><Badge variant="light" className="state">{role}</Badge> <Text span size="sm">{ROLES[role]}</Text></dd></div>
        <div><dt>Groups</dt><dd><Names names={groups.map((group) => group.name)} none="none" /></dd></div>
        <div><dt>Collections you look after</dt><dd><Names names={curates} none="none" /></dd></div>
      </Stack>
    </Section>
  );
}

function Names({ names, none }: { names: string[]; none: string }) {
  if (names.length === 0) return <Text span size="sm" c="dimmed">{none}</Text>;
  return <Group gap={6}>{names.map((name) => <Badge key={name} variant="default" className="state people-name"><bdi>{name}</bdi></Badge>)}</Group>;
}

const SCHEMES = [{ value: "auto", label: "As the system" }, { value: "light", label: "Light" }, { value: "dark", label: "Dark" }];

function Colours() {
  const { colorScheme, setColorScheme } = useMantineColorScheme({ keepTransitions: true }); // or a style element is written, which the policy forbids
  return (
    <Section title="Colours" description="Kept in this browser.">
      <Group><SegmentedControl aria-label="Colours" data={SCHEMES} value={colorScheme}
        onChange={(scheme) => { if (scheme === "auto" || scheme === "light" || scheme === "dark") setColorScheme(scheme); }} /></Group>
    </Section>
  );
}
