import { Badge, Group as Row, Stack, Text, UnstyledButton } from "@mantine/core";
import { IconChevronDown, IconChevronRight } from "@tabler/icons-react";
import { StateBadge } from "@/kit/StateBadge";
import { When } from "@/kit/When";
import { useNames } from "@/people/names";
import { useAddress } from "../address";
import { askedWords, ofGroup, reasonWords, type Group } from "../words";
import { Samples } from "./Samples";
import { StateForm } from "./StateForm";

/** Questions that ask for the same thing: what they are, and, once opened, each of them and what becomes of all. */
export function GroupRow({ group }: { group: Group }) {
  const [{ group: opened }, change] = useAddress();
  const isOpen = opened === group.id;
  const Chevron = isOpen ? IconChevronDown : IconChevronRight;
  const inside = `group-${group.id}`;
  return (
    <li>
      <h2 className="review-heading"><UnstyledButton className="review-title" aria-expanded={isOpen} aria-controls={isOpen ? inside : undefined}
        onClick={() => change({ group: isOpen ? undefined : group.id })}>
        <Chevron size={18} aria-hidden className="review-chevron" />
        <Text fw={600} component="span" dir="auto" className="breakable" lineClamp={isOpen ? undefined : 3}>{group.title}</Text>
      </UnstyledButton></h2>
      <div className="review-under">
        <Told group={group} />
        {isOpen && (
          <Stack gap="lg" id={inside} mt="md">
            <Samples group={group} />
            <StateForm group={group} />
          </Stack>
        )}
      </div>
    </li>
  );
}

/** How often it was asked, how it went, and what people said. */
export function Told({ group, plain = false }: { group: Group; plain?: boolean }) {
  return (
    <>
      <Row gap="xs" mt={4}>
        <Text size="sm" c="dimmed">{askedWords(group)}, {group.count > 1 && "last "}<When at={group.last_asked} /></Text>
        {!plain && group.abstained > 0 && <Badge color="orange" variant="light" className="state">{["Not answered", ofGroup(group.abstained, group.count)].filter(Boolean).join(": ")}</Badge>}
        {group.down > 0 && <Badge color="red" variant="light" className="state">{["Rated down", ofGroup(group.down, group.count)].filter(Boolean).join(": ")}</Badge>}
        {Object.entries(group.reasons).map(([reason, times]) => (
          <Badge key={reason} color="gray" variant="default" className="state">{reasonWords(reason)}{times > 1 ? ` (${times})` : ""}</Badge>
        ))}
      </Row>
      {group.state && <Became state={group.state} since={group.asked_since} />}
    </>
  );
}

function Became({ state, since }: { state: NonNullable<Group["state"]>; since: number }) {
  const names = useNames([state.set_by]);
  return (
    <Row gap="xs" mt={4} align="flex-start">
      <StateBadge state={state.state} />
      <Text size="sm" c="dimmed" className="breakable review-note">by {names.get(state.set_by) ?? state.set_by}, <When at={state.set_at} />{state.note && <>: “<span dir="auto">{state.note}</span>”</>}</Text>
      {since > 0 && state.state !== "open" && <Badge color="orange" variant="light" className="state">Asked {since} more {since === 1 ? "time" : "times"} since</Badge>}
    </Row>
  );
}
