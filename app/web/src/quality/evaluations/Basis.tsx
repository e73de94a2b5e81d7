import { Stack, Table, Text, Title } from "@mantine/core";
import type { Schemas } from "@/api/client";
import { grouped } from "@/kit/numbers";

/** What repeats a run: sizes, settings, versions, and what was left out. */
export function Basis({ report }: { report: Schemas["ReportBody"] }) {
  const { provenance } = report;
  return (
    <Stack gap="lg">
      <Pairs title="Sizes" pairs={Object.entries(report.counts)} />
      <Pairs title="Left out" pairs={Object.entries(report.skipped)} />
      <Pairs title="Documents that could not be read" pairs={report.failed.map(({ path, reason }) => [path, reason])} />
      <Pairs title="Settings" pairs={Object.entries(report.settings)} />
      <Pairs title="Where it comes from" pairs={[
        ["run", provenance.id], ["golden set", provenance.golden], ["its version", provenance.golden_version ?? "a file"],
        ["sha256 of the questions", provenance.golden_sha256], ["corpus epoch", String(provenance.corpus_epoch)],
        ["fingerprint", report.fingerprint], ["seed", String(provenance.seed)], ...Object.entries(provenance.versions),
      ]} />
    </Stack>
  );
}

function Pairs({ title, pairs }: { title: string; pairs: [string, unknown][] }) {
  if (pairs.length === 0) return null;
  return (
    <section>
      <Title order={2} size="h5" mb={4}>{title}</Title>
      <Table verticalSpacing={4} layout="fixed">
        <Table.Tbody>
          {pairs.map(([name, value]) => (
            <Table.Tr key={name}>
              <Table.Th scope="row" fw={400} w="40%" className="breakable"><Text size="sm" c="dimmed">{name.replaceAll("_", " ")}</Text></Table.Th>
              <Table.Td className="breakable figures"><Text size="sm">{written(value)}</Text></Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </section>
  );
}

function written(value: unknown): string {
  if (typeof value === "number") return Number.isInteger(value) ? grouped(value) : String(value);
  return typeof value === "string" ? value || "none" : JSON.stringify(value);
}
