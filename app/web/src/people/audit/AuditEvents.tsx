import { useState } from "react";
import { Button, Code, Collapse, Stack, Table, Text } from "@mantine/core";
import type { Schemas } from "@/api/client";
import { Link } from "@/kit/Link";
import { When } from "@/kit/When";
import { useNames, type Names } from "../names";
import { actionWords } from "./actions";

type Event = Schemas["AuditEventBody"];

/** Rows of the log; each opens to show all of it. */
export function AuditEvents({ events }: { events: Event[] }) {
  const names = useNames(events.flatMap((event) => [event.actor, keyOf(event.object)]));
  return events.map((event) => <EventRow key={event.seq} event={event} names={names} />);
}

/** The key of a user or group that an object of the log is; empty for other objects. */
function keyOf(object: string): string {
  const [noun, id] = object.split(":");
  return id && (noun === "user" || noun === "group") ? `${noun === "user" ? "u" : "g"}:${id}` : "";
}

function EventRow({ event, names }: { event: Event; names: Names }) {
  const [open, setOpen] = useState(false);
  const id = `event-${event.seq}`;
  return (
    <>
      <Table.Tr>
        <Table.Td><When at={event.at} /></Table.Td>
        <Table.Td className="breakable"><Who actor={event.actor} names={names} /></Table.Td>
        <Table.Td>{actionWords(event.action)}</Table.Td>
        <Table.Td className="breakable"><What object={event.object} names={names} /></Table.Td>
        <Table.Td>
          <Button size="compact-xs" variant="default" aria-expanded={open} aria-controls={id} aria-label={`Details of event ${event.seq}`}
            onClick={() => setOpen(!open)}>Details</Button>
        </Table.Td>
      </Table.Tr>
      <Table.Tr id={id} hidden={!open}>
        <Table.Td colSpan={5}><Collapse expanded={open}>{open && <Whole event={event} />}</Collapse></Table.Td>
      </Table.Tr>
    </>
  );
}

function Who({ actor, names }: { actor: string; names: Names }) {
  if (!actor) return <Text span size="sm" c="dimmed">nobody known</Text>;
  const name = names.get(actor);
  if (actor === "u:local" || !actor.startsWith("u:")) return name ?? actor;
  return name ? <Link to="/people/$userId" params={{ userId: actor.slice(2) }}><bdi>{name}</bdi></Link> : <Text span size="sm" c="dimmed">{actor}</Text>;
}

function What({ object, names }: { object: string; names: Names }) {
  const at = object.indexOf(":");
  const noun = at < 0 ? object : object.slice(0, at);
  const id = at < 0 ? "" : object.slice(at + 1);
  const name = names.get(keyOf(object));
  if (noun === "user" && name) return <Link to="/people/$userId" params={{ userId: id }}><bdi>{name}</bdi></Link>;
  if (noun === "group" && name) return <Link to="/people/groups/$groupId" params={{ groupId: id }}><bdi>{name}</bdi></Link>;
  if (noun === "document" && id) return <Link to="/documents/$documentId" params={{ documentId: id }}>document {id.slice(0, 8)}</Link>;
  if (noun === "run" && id) return <Link to="/runs/$runId" params={{ runId: id }}>run {id.slice(0, 8)}</Link>;
  if (noun === "erasure" && id) return <Link to="/people" search={{ tab: "erasures", receipt: id }}>erasure {id.slice(0, 8)}</Link>;
  return <Text span size="sm">{noun}{id && ` ${id.length > 24 ? `${id.slice(0, 8)}` : id}`}</Text>;
}

function Whole({ event }: { event: Event }) {
  const told: [string, string][] = [
    ["Number", String(event.seq)], ["Moment", event.at], ["Who", event.actor || "nobody known"], ["By what right", event.credential || "none"],
    ["From", event.address || "unknown"], ["Action", event.action], ["Object", event.object],
    ...Object.entries(event.details).map(([name, value]): [string, string] => [name.replaceAll("_", " "), typeof value === "string" ? value : JSON.stringify(value)]),
    ["Seal", event.sha256], ["Seal of the event before", event.previous],
  ];
  return (
    <Stack component="dl" gap={4} m={0} className="people-told people-whole">
      {told.map(([name, value]) => <div key={name}><dt>{name}</dt><dd><Code className="breakable">{value}</Code></dd></div>)}
    </Stack>
  );
}
