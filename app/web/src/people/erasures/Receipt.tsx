import type { ReactNode } from "react";
import { Alert, Button, Group, List, Stack, Text, Title } from "@mantine/core";
import { IconAlertTriangle, IconCircleCheck, IconPrinter } from "@tabler/icons-react";
import { queries, type Schemas } from "@/api/client";
import { Link } from "@/kit/Link";
import { Shown } from "@/kit/Shown";
import { useNames } from "../names";
import { backups, compacted, erased, left, notes, outside, usedBy, type Told } from "./receipt";

const GOES_ON_MS = 3_000;
const moment = new Intl.DateTimeFormat(undefined, { dateStyle: "long", timeStyle: "medium" });

/** One receipt, to read and to print. */
export function Receipt({ id }: { id: string }) {
  const query = queries.useQuery("get", "/v1/erasures/{erasure_id}", { params: { path: { erasure_id: id } } }, {
    refetchInterval: (asked) => (asked.state.data?.finished_at === null ? GOES_ON_MS : false),
  });
  return (
    <Stack>
      <Group justify="space-between" className="no-print">
        <Link to="/people" search={{ tab: "erasures" }} size="sm">All receipts</Link>
        <Button size="xs" variant="default" leftSection={<IconPrinter size={14} aria-hidden />} onClick={() => window.print()}>Print</Button>
      </Group>
      <Shown query={query}>{(found) => <Paper found={found} />}</Shown>
    </Stack>
  );
}

function Paper({ found }: { found: Schemas["ErasureBody"] }) {
  const names = useNames([found.requested_by]);
  const { receipt } = found;
  const remains = left(receipt);
  return (
    <Stack component="article" aria-label="Receipt" maw={800}>
      <Title order={2} size="h3">Receipt: {found.kind === "user" ? "a person" : "a document"} was forgotten</Title>
      <Facts facts={[
        { name: found.kind === "user" ? "Id of the person" : "Id of the document", value: found.subject },
        { name: "Asked for by", value: names.get(found.requested_by) ?? found.requested_by },
        { name: "Asked for", value: moment.format(new Date(found.requested_at)) },
        { name: "Finished", value: found.finished_at ? moment.format(new Date(found.finished_at)) : "not yet: it goes on by itself" },
        { name: "Number of the receipt", value: found.id },
      ]} />
      <div role="status">{remains && <Remains remains={remains} />}</div>
      <Part title="Erased" facts={erased(receipt)} none="Nothing was left to erase." />
      <Part title="Was used by" facts={usedBy(receipt)} none="Nothing was made with its help." />
      <Part title="Made unreadable on disk" facts={compacted(receipt)} none="Not yet." />
      {notes(receipt).length > 0 && <Section title="Also"><List size="sm">{notes(receipt).map((note) => <List.Item key={note}>{note}</List.Item>)}</List></Section>}
      <Part title="Backups that still hold it" facts={backups(receipt)} none="The server knows of none." />
      {outside(receipt) && <Section title="Out of reach"><Text size="sm">{outside(receipt)}.</Text></Section>}
    </Stack>
  );
}

function Remains({ remains }: { remains: Told[] }) {
  if (remains.length === 0) {
    return <Alert color="green" icon={<IconCircleCheck aria-hidden />} title="Nothing is left">Catalog, index and files were looked through afterwards; nothing of it was found.</Alert>;
  }
  return (
    <Alert color="orange" icon={<IconAlertTriangle aria-hidden />} title="Something is left">
      <Text size="sm">Mostly it is a question in which somebody quoted it. Found in:</Text>
      <Facts facts={remains} />
    </Alert>
  );
}

function Part({ title, facts, none }: { title: string; facts: Told[]; none: string }) {
  return <Section title={title}>{facts.length === 0 ? <Text size="sm" c="dimmed">{none}</Text> : <Facts facts={facts} />}</Section>;
}

function Section({ title, children }: { title: string; children: ReactNode }) {
  return <section><Title order={3} size="h5" mb={4}>{title}</Title>{children}</section>;
}

function Facts({ facts }: { facts: Told[] }) {
  return (
    <Stack component="dl" gap={4} m={0} className="people-told">
      {facts.map(({ name, value }) => <div key={`${name}: ${value}`}><dt>{name}</dt><dd className="breakable">{value}</dd></div>)}
    </Stack>
  );
}
