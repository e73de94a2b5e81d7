import { useState } from "react";
import { Alert, Button, Group, Modal, Select, Stack, Switch, Text, TextInput } from "@mantine/core";
import { api, Problem, queries, type Schemas } from "@/api/client";
import { refresh } from "@/api/queryClient";
import { Failure } from "@/kit/Failure";
import { Shown } from "@/kit/Shown";
import { useRole } from "@/session/session";
import type { SourceAccess } from "../access/access";
import { schedulesWith } from "./schedule";
import { argumentsOf, emptyOf, fieldsOf, isComplete } from "./schema";
import { SchemaFields } from "./SchemaFields";
import { RuleFields, sourceAccessOf, Who, type Rule } from "./SourceAccessFields";

type Kind = Schemas["KindBody"];
type Source = Schemas["SourceBody"];

interface SourceFormProps {
  collection: string;
  /** Changed, where it is there already. */
  source?: Source;
  onClose: () => void;
}

const KINDS: Record<string, string> = { folder: "Folder", web: "Web pages", object_store: "Object store", reader: "Reader (LlamaHub)" };

export function kindOfSource(kind: string): string {
  return KINDS[kind] ?? kind;
}

/** Sets up a source, or changes one. */
export function SourceForm(props: SourceFormProps) {
  const query = queries.useQuery("get", "/v1/sources/kinds", {}, { staleTime: 60_000 });
  return (
    <Modal opened onClose={props.onClose} title={props.source ? `Change ${props.source.name}` : `New source of ${props.collection}`} size="lg">
      <Shown query={query}>{({ kinds }) => <Form {...props} kinds={kinds} />}</Shown>
    </Modal>
  );
}

interface Draft {
  name: string;
  values: Record<string, unknown>;
  every: string;
  watch: boolean;
  acl: SourceAccess;
  rules: Rule[];
}

function draftOf(source: Source | undefined): Draft {
  if (!source) return { name: "", values: {}, every: "86400", watch: false, acl: "everyone", rules: [] };
  return {
    name: source.name,
    values: source.arguments,
    every: source.every_s === null ? "" : String(source.every_s),
    watch: source.watch,
    acl: sourceAccessOf(source.acl),
    rules: source.access.map(({ pattern, access }) => ({ pattern, access: sourceAccessOf(access) })),
  };
}

function Form({ collection, source, kinds, onClose }: SourceFormProps & { kinds: Kind[] }) {
  const { administrator } = useRole();
  const [kindName, setKindName] = useState(source?.kind ?? kinds.find(({ enabled }) => enabled)?.kind ?? "");
  const [draft, setDraft] = useState(() => draftOf(source));
  const [busy, setBusy] = useState(false);
  const [failure, setFailure] = useState<unknown>(null);
  const kind = kinds.find((one) => one.kind === kindName);
  const fields = kind ? fieldsOf(kind.arguments) : [];
  const values = Object.fromEntries(fields.map((field) => [field.name, draft.values[field.name] ?? emptyOf(field)]));
  const change = (changes: Partial<Draft>) => setDraft((before) => ({ ...before, ...changes }));
  const complete = draft.name.trim() !== "" && isComplete(fields, values) && draft.rules.every(({ pattern }) => pattern.trim());

  async function save() {
    setBusy(true);
    setFailure(null);
    try {
      const said = { name: draft.name.trim(), every_s: draft.every === "" ? null : Number(draft.every), watch: draft.watch };
      const given = argumentsOf(fields, values);
      if (source) await changed(source, said, given, administrator, draft);
      else await api.POST("/v1/sources", { body: { ...said, kind: kindName, collection, arguments: given, acl: draft.acl, access: draft.rules } });
      await refresh("/v1/sources", "/v1/ingestions");
      onClose();
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      setFailure(error);
    } finally {
      setBusy(false);
    }
  }

  return (
    <Stack>
      {!source && (
        <Select label="Kind" allowDeselect={false} value={kindName} onChange={(value) => { setKindName(value ?? ""); change({ values: {} }); }}
          data={kinds.map(({ kind: value, enabled }) => ({ value, label: `${kindOfSource(value)}${enabled ? "" : " (switched off)"}` }))} description={kind?.summary} />
      )}
      {kind && !kind.enabled && <Alert color="yellow">The settings of this server switch this kind off. Whoever runs it can switch it on.</Alert>}
      <TextInput label="Name" required maxLength={100} value={draft.name} onChange={({ currentTarget }) => change({ name: currentTarget.value })} description="As people will call it here." />
      {(administrator || !source) && <SchemaFields key={kindName} fields={fields} values={values} onChange={(next) => change({ values: next })} />}
      {!administrator && source && <Text size="sm" c="dimmed">What it reads is changed by administrators.</Text>}
      <Select label="When" allowDeselect={false} data={schedulesWith(draft.every === "" ? null : Number(draft.every))} value={draft.every} onChange={(value) => change({ every: value ?? "" })} />
      {kindName === "folder" && (
        <Switch label="Watch it, and sync soon after a change" checked={draft.watch} onChange={({ currentTarget }) => change({ watch: currentTarget.checked })} />
      )}
      <Who label="Who may read what comes from it" value={draft.acl} onChange={(acl) => change({ acl })} />
      <RuleFields rules={draft.rules} onChange={(rules) => change({ rules })} />
      <Failure error={failure} />
      <Group justify="flex-end">
        <Button variant="default" onClick={onClose}>Cancel</Button>
        <Button loading={busy} disabled={!complete || kind?.enabled === false} onClick={() => void save()}>{source ? "Save" : "Set it up"}</Button>
      </Group>
    </Stack>
  );
}

type Said = Pick<Schemas["ChangedSourceBody"], "name" | "every_s" | "watch">;

// Only what differs is sent: who may read cannot be changed during a sync, and arguments by administrators alone.
async function changed(source: Source, said: Said, given: Record<string, unknown>, administrator: boolean, draft: Draft): Promise<void> {
  const before = draftOf(source);
  const body: Schemas["ChangedSourceBody"] = { ...said };
  if (administrator && JSON.stringify(draft.values) !== JSON.stringify(before.values)) body.arguments = given;
  if (JSON.stringify(draft.acl) !== JSON.stringify(before.acl)) body.acl = draft.acl;
  if (JSON.stringify(draft.rules) !== JSON.stringify(before.rules)) body.access = draft.rules;
  await api.PATCH("/v1/sources/{source_id}", { params: { path: { source_id: source.id } }, body });
}
