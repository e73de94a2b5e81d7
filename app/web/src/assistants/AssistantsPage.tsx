import { useRef } from "react";
import { Stack, Title } from "@mantine/core";
import { IconPlus, IconRobot } from "@tabler/icons-react";
import { queries, type Schemas } from "@/api/client";
import { Empty } from "@/kit/Empty";
import { Link } from "@/kit/Link";
import { Page } from "@/kit/Page";
import { Shown } from "@/kit/Shown";
import { useNames } from "@/people/names";
import { useCaller, useRole } from "@/session/session";
import { ManagedCard, UsableCard } from "./AssistantCard";
import { AssistantDialog } from "./AssistantDialog";

type Listed = Schemas["AssistantsBody"];

/** Assistants that one looks after, and those that one may ask. */
export function AssistantsPage() {
  const { curator } = useRole();
  const managed = queries.useQuery("get", "/v1/assistants", { params: { query: { managed: true } } });
  const usable = queries.useQuery("get", "/v1/assistants", {});
  return (
    <Page title="Assistants"
      description="Ways to ask: each searches a collection, or all, and offers questions to begin with. None shows anybody what they may not read."
      actions={curator && managed.data && (
        <AssistantDialog label="New assistant" leftSection={<IconPlus size={16} aria-hidden />} instructionsUsed={managed.data.instructions_used} />
      )}>
      <Shown query={managed}>
        {(lookedAfter) => <Shown query={usable}>{(asked) => <Lists lookedAfter={lookedAfter} asked={asked} />}</Shown>}
      </Shown>
    </Page>
  );
}

function Lists({ lookedAfter, asked }: { lookedAfter: Listed; asked: Listed }) {
  const { curator } = useRole();
  const others = asked.assistants.filter(({ managed }) => !managed);
  return (
    <>
      {curator && <LookedAfter listed={lookedAfter} usable={new Set(asked.assistants.map(({ id }) => id))} />}
      {others.length > 0 && (
        <Stack>
          <Title order={2} size="h4">{curator ? "Others that you may ask" : "That you may ask"}</Title>
          <ul className="cards assistants">{others.map((one) => <UsableCard key={one.id} assistant={one} />)}</ul>
        </Stack>
      )}
      {others.length === 0 && !curator && (
        <Empty title="There is no assistant for you yet" icon={<IconRobot aria-hidden />}>
          Whoever looks after a collection can set one up. <Link to="/">Ask in the chat</Link> without one: it searches all that you may read.
        </Empty>
      )}
    </>
  );
}

function LookedAfter({ listed: { assistants }, usable }: { listed: Listed; usable: ReadonlySet<string> }) {
  const { user } = useCaller();
  const heading = useRef<HTMLHeadingElement>(null);
  // Two of each list are said by name, the rest is counted.
  const names = useNames(assistants.flatMap(({ access }) => access?.slice(0, 2) ?? []));
  const said = { ...Object.fromEntries(names), [`u:${user?.id ?? ""}`]: "you" };
  return (
    <Stack>
      <Title order={2} size="h4" ref={heading} tabIndex={-1}>That you look after</Title>
      {assistants.length === 0 ? (
        <Empty title="There is none yet" icon={<IconRobot aria-hidden />}>
          Make one for a collection that you look after: give it a name, say what it is good for, and write the questions that people ask most.
        </Empty>
      ) : (
        <ul className="cards assistants">
          {assistants.map((one) => (
            <ManagedCard key={one.id} assistant={one} usable={usable.has(one.id)} names={said} onDeleted={() => heading.current?.focus()} />
          ))}
        </ul>
      )}
    </Stack>
  );
}
