import { useState } from "react";
import { Button, Group, Select, Skeleton, Text } from "@mantine/core";
import { IconPlayerPlay } from "@tabler/icons-react";
import { queries, type Schemas } from "@/api/client";
import { Link } from "@/kit/Link";
import { Shown } from "@/kit/Shown";
import { count } from "@/kit/numbers";
import { useRunning } from "./running";

type GoldenSet = Schemas["VersionBody"];

const EVERYWHERE = "all collections";

/** The form that begins an evaluation. */
export function BeginEvaluation() {
  const sets = queries.useQuery("get", "/v1/golden-sets");
  return (
    <Shown query={sets} loading={<Skeleton height={60} />}>
      {({ golden_sets: found }) => found.length === 0 ? (
        <Text size="sm">
          There is no golden set to measure with yet. <Link to="/quality" search={{ tab: "golden" }}>Make one of your documents</Link> first.
        </Text>
      ) : <Form sets={found} />}
    </Shown>
  );
}

function Form({ sets }: { sets: GoldenSet[] }) {
  const { begin } = useRunning();
  const [name, setName] = useState((sets.find((set) => set.count > set.drafts) ?? sets[0])?.name ?? "");
  const [version, setVersion] = useState<string | null>(null);
  const [kind, setKind] = useState<Schemas["EvaluationBody"]["kind"]>("answers");
  const [collection, setCollection] = useState<string | null>(null);
  const chosen = sets.find((set) => set.name === name);
  const asked = chosen ? chosen.count - chosen.drafts : 0;
  return (
    <form onSubmit={(event) => {
      event.preventDefault();
      void begin({ set: name, kind, version: version === null ? null : Number(version), collection });
    }}>
      <Group align="flex-end" gap="sm">
        <Select label="Golden set" data={sets.map((set) => set.name)} value={name} allowDeselect={false} w={220}
          onChange={(next) => { setName(next ?? name); setVersion(null); }} />
        <Versions name={name} newest={chosen?.version} value={version} onChange={setVersion} />
        <Select label="What is measured" value={kind} allowDeselect={false} w={220} onChange={(next) => setKind(next === "retrieval" ? "retrieval" : "answers")}
          data={[{ value: "answers", label: "Answers and citations" }, { value: "retrieval", label: "Search only" }]} />
        <Collections value={collection} onChange={setCollection} />
        <Button type="submit" leftSection={<IconPlayerPlay size={16} aria-hidden />} disabled={version === null && asked === 0}>Begin</Button>
      </Group>
      {chosen && version === null && (
        <Text size="sm" c="dimmed" mt="xs">
          {asked === 0 ? nothing(chosen) : `${count(asked, "question")} will be asked. `}
          {chosen.drafts > 0 && `${count(chosen.drafts, "draft")} that nobody approved ${chosen.drafts === 1 ? "is" : "are"} left out. `}
          {chosen.drafts > 0 && <Link to="/quality/golden/$name" params={{ name }} search={{ tab: "review" }} inherit>Review drafts</Link>}
        </Text>
      )}
    </form>
  );
}

function nothing({ count: questions }: GoldenSet): string {
  return questions === 0 ? "It holds no questions yet. " : "All its questions are drafts: approve some first. ";
}

interface ChoiceProps {
  value: string | null;
  onChange: (value: string | null) => void;
}

function Versions({ name, newest, value, onChange }: ChoiceProps & { name: string; newest: number | undefined }) {
  const versions = queries.useQuery("get", "/v1/golden-sets/{name}/versions", { params: { path: { name } } });
  const older = versions.data?.golden_sets.slice(1) ?? [];
  return (
    <Select label="Version" w={170} value={value ?? "newest"} allowDeselect={false} onChange={(next) => onChange(next === "newest" ? null : next)}
      data={[{ value: "newest", label: `Newest (${newest ?? "?"})` }, ...older.map((one) => ({ value: String(one.version), label: `Version ${one.version}` }))]} />
  );
}

function Collections({ value, onChange }: ChoiceProps) {
  const { data } = queries.useQuery("get", "/v1/collections");
  if (!data || data.collections.length < 2) return null;
  return (
    <Select label="Asked of" w={200} value={value ?? EVERYWHERE} allowDeselect={false} onChange={(next) => onChange(next === EVERYWHERE ? null : next)}
      data={[EVERYWHERE, ...data.collections.map((one) => one.name)]} />
  );
}
