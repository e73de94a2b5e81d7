import { Alert, Table, Text } from "@mantine/core";
import type { Schemas } from "@/api/client";
import { grouped } from "@/kit/numbers";
import { Stat } from "@/kit/Stat";
import { When } from "@/kit/When";
import { Section } from "@/people/Section";
import { signalInWords } from "../words";
import { WideTable } from "../lists/WideTable";

/** On what a candidate was trained, and whom and what that stands on. */
export function TrainingSet({ setId, lineage }: { setId: string; lineage: Schemas["LineageBody"] }) {
  return (
    <Section title="What it was trained on" description="A training set is frozen, and named by the hash of its rows. A row is a question and a passage that answers it, or does not; its weight says how much it counts. By this, forgetting a person or a document finds what was learned from them.">
      {lineage.erased && <Alert color="orange" title="The rows are gone">Somebody or something in them was erased. Only these counts are left.</Alert>}
      <div className="stats">
        <Stat label="Questions" value={grouped(lineage.questions)} note={lineage.groups !== null && `${grouped(lineage.groups)} unlike each other`} />
        <Stat label="Rows" value={grouped(lineage.rows)} note={lineage.open_rows !== null && `${grouped(lineage.open_rows)} that everybody may read`} />
        <Stat label="People" value={grouped(lineage.people)} note="Who asked, said or did something in it" />
        <Stat label="Documents" value={grouped(lineage.documents)} />
      </div>
      <Signals signals={lineage.signals} />
      <dl className="facts">
        <dt>Frozen</dt><dd><When at={lineage.created_at} /></dd>
        <dt>Hash</dt><dd><code className="breakable">{setId}</code></dd>
        <dt>Seed</dt><dd>{lineage.seed ?? "not known"}</dd>
        <dt>Versions</dt><dd>{Object.entries(lineage.versions).map(([name, version]) => `${name} ${version}`).join(", ") || "not known"}</dd>
      </dl>
    </Section>
  );
}

function Signals({ signals }: { signals: Schemas["SignalBody"][] }) {
  if (!signals.length) return <Text size="sm" c="dimmed">What its rows were concluded from was not noted.</Text>;
  return (
    <WideTable label="What the rows were concluded from" minWidth={320} columns={["Concluded from", "Rows", "Weight"]}>
      {signals.map(({ signal, rows, weight }) => (
        <Table.Tr key={signal}>
          <Table.Th scope="row" fw={400}>{signalInWords(signal)}</Table.Th>
          <Table.Td className="figures">{grouped(rows)}</Table.Td>
          <Table.Td className="figures">{weight === null ? "not known" : weight.toFixed(1)}</Table.Td>
        </Table.Tr>
      ))}
    </WideTable>
  );
}
