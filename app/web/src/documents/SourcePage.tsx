import { useState } from "react";
import { Button, Radio, Stack, Text, Title } from "@mantine/core";
import { IconEdit } from "@tabler/icons-react";
import { useNavigate, useParams } from "@tanstack/react-router";
import { api, queries, type Schemas } from "@/api/client";
import { refresh } from "@/api/queryClient";
import { Confirmed } from "@/kit/Confirmed";
import { Empty } from "@/kit/Empty";
import { Link } from "@/kit/Link";
import { Page } from "@/kit/Page";
import { Shown } from "@/kit/Shown";
import { When } from "@/kit/When";
import { moving } from "@/runs/run";
import { RunList } from "@/runs/RunList";
import { accessInWords } from "./access/access";
import { useNames } from "./access/PeoplePicker";
import { scheduleInWords } from "./sources/schedule";
import { SourceActions } from "./sources/SourceActions";
import { kindOfSource, SourceForm } from "./sources/SourceForm";

type Source = Schemas["SourceBody"];

/** One source: what it reads, who may read what comes from it, and its runs. */
export function SourcePage() {
  const { sourceId } = useParams({ strict: false });
  const query = queries.useQuery("get", "/v1/sources/{source_id}", { params: { path: { source_id: sourceId ?? "" } } }, {
    refetchInterval: (asked) => (asked.state.data?.last_run && moving(asked.state.data.last_run) ? 3_000 : false),
  });
  if (query.data === undefined) return <Page title="Source"><Shown query={query}>{() => null}</Shown></Page>;
  return <Opened source={query.data} />;
}

function Opened({ source }: { source: Source }) {
  const [changes, setChanges] = useState(false);
  const above = <Link to="/documents" search={{ collection: source.collection, tab: "sources" }} size="sm">Sources of {source.collection}</Link>;
  return (
    <Page title={source.name} above={above} description={`${kindOfSource(source.kind)}, ${source.paused ? "paused" : scheduleInWords(source)}`}
      actions={
        <>
          <SourceActions source={source} />
          <Button variant="default" leftSection={<IconEdit size={16} aria-hidden />} onClick={() => setChanges(true)}>Change</Button>
          <Removal source={source} />
        </>
      }>
      {changes && <SourceForm collection={source.collection} source={source} onClose={() => setChanges(false)} />}
      <Facts source={source} />
      <section>
        <Title order={2} size="h4" mb="xs">Runs</Title>
        <RunList source={source.id} withCollection={false} empty={<Empty title="It was not synced yet">Its first sync begins soon where it has a schedule; &quot;Sync now&quot; begins one at once.</Empty>} />
      </section>
    </Page>
  );
}

function Facts({ source }: { source: Source }) {
  const found = useNames([...source.acl, ...source.access.flatMap(({ access }) => access)]);
  const names = Object.fromEntries([...found].map(([key, { name, display_name }]) => [key, display_name || name]));
  return (
    <dl className="facts">
      {Object.entries(source.arguments).filter(([, value]) => saidOf(value)).map(([name, value]) => (
        <Fact key={name} name={name.replaceAll("_", " ")}>{saidOf(value)}</Fact>
      ))}
      <Fact name="Next sync"><When at={source.paused ? null : source.next_sync_at} empty="not planned" /></Fact>
      <Fact name="Who may read">{accessInWords(source.acl, names)}</Fact>
      {source.access.map(({ pattern, access }) => <Fact key={pattern} name={`Who may read ${pattern}`}>{accessInWords(access, names)}</Fact>)}
      <Fact name="Set up"><When at={source.created_at} /></Fact>
    </dl>
  );
}

function Fact({ name, children }: { name: string; children: React.ReactNode }) {
  return <><dt>{name}</dt><dd>{children}</dd></>;
}

function saidOf(value: unknown): string {
  if (value === null || value === undefined) return "";
  if (Array.isArray(value)) return value.map(String).join(", ");
  if (typeof value === "object") return Object.keys(value).length > 0 ? JSON.stringify(value) : "";
  return String(value);
}

function Removal({ source }: { source: Source }) {
  const navigate = useNavigate();
  const [documents, setDocuments] = useState<"keep" | "delete">("keep");

  async function remove() {
    await api.DELETE("/v1/sources/{source_id}", { params: { path: { source_id: source.id }, query: { documents } } });
    await navigate({ to: "/documents", search: { collection: source.collection, tab: "sources" } });
    await refresh("/v1/sources", "/v1/ingestions", "/v1/documents", "/v1/collections");
  }

  return (
    <Confirmed variant="light" color="red" label="Remove" question={`Remove ${source.name}?`} verb="Remove it" onConfirm={remove} consequence={
      <Stack gap="xs">
        <Text size="sm">The source is forgotten. This cannot be undone.</Text>
        <Radio.Group label="Its documents" value={documents} onChange={(value) => setDocuments(value === "delete" ? "delete" : "keep")}>
          <Stack gap={6} mt={6}>
            <Radio value="keep" label="stay, and are not brought up to date any more" />
            <Radio value="delete" label="are deleted too" />
          </Stack>
        </Radio.Group>
      </Stack>
    } />
  );
}
