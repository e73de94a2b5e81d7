import { ActionIcon, Drawer, Group, Menu, NavLink, Text, Tooltip, UnstyledButton, useComputedColorScheme, useMantineColorScheme } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { IconChevronDown, IconLogout, IconMenu2, IconMoon, IconSun, IconUserCircle } from "@tabler/icons-react";
import { createLink, Outlet, useRouter } from "@tanstack/react-router";
import { forwardRef, useEffect, useRef } from "react";
import { useRouterState } from "@tanstack/react-router";
import { Loading } from "@/kit/Shown";
import { ProblemShown } from "@/kit/ProblemShown";
import { SignIn } from "@/session/SignIn";
import { signOut, useSession, type Session } from "@/session/session";
import { SignInAgain } from "@/session/SignInAgain";
import { areasOf, type Area } from "./areas";
import { ServerGone } from "./ServerGone";

/** Everything around a page: who is signed in, and where one can go. */
export function Shell() {
  return <><ServerGone /><Inside /></>;
}

function Inside() {
  const session = useSession();
  // What is known counts: a question that failed meanwhile takes no page away.
  if (session.data) return <><House session={session.data} /><SignInAgain session={session.data} /></>;
  if (session.data === null) return <SignIn />;
  if (session.isError) return <main className="page"><ProblemShown error={session.error} retry={() => void session.refetch()} /></main>;
  return <main className="page"><Loading /></main>;
}

function House({ session }: { session: Session }) {
  const [menuOpen, menu] = useDisclosure(false);
  const menuButton = useRef<HTMLButtonElement>(null);
  const path = useRouterState({ select: (state) => state.location.pathname });
  // eslint-disable-next-line react-hooks/exhaustive-deps -- when the address changes, and not when the handlers are made anew
  useEffect(() => menu.close(), [path]);
  useFocusOnArrival();

  function closed() {
    menu.close();
    menuButton.current?.focus(); // not by the drawer itself: after a link was followed, the page's heading has it
  }

  return (
    <div className="shell">
      <a className="skip" href="#content">Skip to the content</a>
      <header className="top">
        <Group gap="xs" wrap="nowrap">
          <ActionIcon variant="subtle" color="gray" className="phone-only" aria-label="Menu" aria-expanded={menuOpen} ref={menuButton} onClick={menu.open}>
            <IconMenu2 aria-hidden />
          </ActionIcon>
          <img src="/icon.svg" alt="" width={24} height={24} />
          <Text fw={700}>Attune</Text>
        </Group>
        <Group gap="xs" wrap="nowrap">
          <ColorScheme />
          <Me session={session} />
        </Group>
      </header>
      <nav className="side wide-only" aria-label="Areas"><Areas session={session} /></nav>
      <Drawer opened={menuOpen} onClose={closed} returnFocus={false} title="Attune" size="xs">
        <nav aria-label="Areas"><Areas session={session} /></nav>
      </Drawer>
      <main id="content" className="content" tabIndex={-1} data-scroll-restoration-id="content"><Outlet /></main>
    </div>
  );
}

/** Move the focus to the heading of the page that one came to, so that it is read, and Tab goes on from there. */
function useFocusOnArrival() {
  const router = useRouter();
  useEffect(() => router.subscribe("onRendered", ({ fromLocation, pathChanged }) => {
    if (fromLocation && pathChanged) document.querySelector<HTMLElement>("#content h1[tabindex]")?.focus({ preventScroll: true });
  }), [router]);
}

const AreaLink = createLink(
  forwardRef<HTMLAnchorElement, { label: string; leftSection: React.ReactNode }>(function AreaLink(props, ref) {
    return <NavLink ref={ref} component="a" {...props} />;
  }),
);

// Addresses that lie elsewhere than the area that they belong to.
const WITHIN: Record<string, Area["to"]> = { c: "/", sources: "/documents" };

function Areas({ session }: { session: Session }) {
  const first = useRouterState({ select: (state) => state.location.pathname.split("/")[1] ?? "" });
  const here = WITHIN[first] ?? `/${first}`;
  return areasOf(session).map(({ to, label, icon: Icon }) => (
    <AreaLink key={to} to={to} label={label} leftSection={<Icon size={18} aria-hidden />} activeOptions={{ exact: true }}
      {...(to === here ? HERE : {})} />
  ));
}

const HERE = { "data-active": true, "aria-current": "page" } as object;

function ColorScheme() {
  const { setColorScheme } = useMantineColorScheme({ keepTransitions: true }); // or a style element is written, which the policy forbids
  const dark = useComputedColorScheme("light") === "dark";
  const label = dark ? "Light colours" : "Dark colours";
  return (
    <Tooltip label={label}>
      <ActionIcon variant="subtle" color="gray" aria-label={label} onClick={() => setColorScheme(dark ? "light" : "dark")}>
        {dark ? <IconSun size={18} aria-hidden /> : <IconMoon size={18} aria-hidden />}
      </ActionIcon>
    </Tooltip>
  );
}

const MenuLink = createLink(
  forwardRef<HTMLAnchorElement, { children: React.ReactNode; leftSection: React.ReactNode }>(function MenuLink(props, ref) {
    return <Menu.Item ref={ref} component="a" {...props} />;
  }),
);

function Me({ session }: { session: Session }) {
  const name = session.user?.display_name || session.user?.name || "This machine";
  return (
    <Menu position="bottom-end">
      <Menu.Target>
        <UnstyledButton className="me">
          <IconUserCircle size={20} aria-hidden />
          <span className="me-name">{name}</span>
          <IconChevronDown size={14} aria-hidden />
        </UnstyledButton>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>{session.role}</Menu.Label>
        <MenuLink to="/account" leftSection={<IconUserCircle size={16} aria-hidden />}>Account and API keys</MenuLink>
        <Menu.Item leftSection={<IconLogout size={16} aria-hidden />} onClick={() => void signOut()}>Sign out</Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}
