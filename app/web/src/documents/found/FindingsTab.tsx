import { Group, Stack, Table, Text, Title } from "@mantine/core";
import { queries, type Schemas } from "@/api/client";
import { Empty } from "@/kit/Empty";
import { Link } from "@/kit/Link";
import { count, grouped, percent } from "@/kit/numbers";
import { Shown } from "@/kit/Shown";
import { Stat } from "@/kit/Stat";
import { placeOf } from "../kinds";
import { FindingList } from "./FindingList";
import { Severity } from "./Severity";
import { kindInWords, ruleInWords } from "./words";

type Report = Schemas["QualityBody"];
type Known = Schemas["KnownBody"];

/** What was found in the documents of a collection, as far as the caller may read them. */
export function FindingsTab({ collection }: { collection: string }) {
  const query = queries.useQuery("get", "/v1/collections/{name}/quality", { params: { path: { name: collection } } });
  return (
    <Shown query={query}>
      {(report) => (
        <Stack gap="xl">
          <Text size="sm" c="dimmed">
            Every document is examined on its way in. This counts those that you may read; the secret or the personal value itself is never kept here.
            What is done about each kind stands under Rules.
          </Text>
          <Figures report={report} />
          <Tallies report={report} />
          <Worst report={report} />
          <FindingList collection={collection} kinds={[...new Set(report.tallies.map(({ kind }) => kind))]} />
          <Alike report={report} />
          <Old report={report} />
          <Tongues report={report} />
        </Stack>
      )}
    </Shown>
  );
}

function Figures({ report }: { report: Report }) {
  return (
    <div className="stats">
      <Stat label="Documents" value={grouped(report.documents)} note={`${grouped(report.examined)} examined`} />
      <Stat label="With a finding" value={grouped(report.affected)} note={report.documents > 0 ? percent(report.affected / report.documents) : undefined} />
      <Stat label="With something redacted" value={grouped(report.redacted)} note="A mark stands in its place" />
      <Stat label="Groups of near-duplicates" value={grouped(report.duplicates.length)} />
      <Stat label="Out of date" value={grouped(report.stale_count)} note="By their own words" />
    </div>
  );
}

function Tallies({ report }: { report: Report }) {
  if (report.tallies.length === 0) return <Empty title="Nothing was found">That is how it should be.</Empty>;
  return (
    <section>
      <Title order={2} size="h4" mb="xs">What was found</Title>
      <Table.ScrollContainer minWidth={560}>
        <Table verticalSpacing="xs">
          <Table.Thead>
            <Table.Tr>
              <Table.Th scope="col">Kind</Table.Th>
              <Table.Th scope="col">What</Table.Th>
              <Table.Th scope="col">How grave</Table.Th>
              <Table.Th scope="col" ta="right">Findings</Table.Th>
              <Table.Th scope="col" ta="right">Documents</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {report.tallies.map(({ kind, rule, severity, findings, documents }) => (
              <Table.Tr key={`${kind} ${rule} ${severity}`}>
                <Table.Td>{kindInWords(kind)}</Table.Td>
                <Table.Td>{ruleInWords(rule)}</Table.Td>
                <Table.Td><Severity severity={severity} /></Table.Td>
                <Table.Td ta="right" className="figures">{grouped(findings)}</Table.Td>
                <Table.Td ta="right" className="figures">{grouped(documents)}</Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </Table.ScrollContainer>
    </section>
  );
}

function Worst({ report }: { report: Report }) {
  if (report.worst.length === 0) return null;
  return (
    <section>
      <Title order={2} size="h4" mb="xs">Documents with the most</Title>
      <Table.ScrollContainer minWidth={420}>
        <Table verticalSpacing="xs">
          <Table.Thead>
            <Table.Tr>
              <Table.Th scope="col">Document</Table.Th>
              <Table.Th scope="col" ta="right">Findings</Table.Th>
              <Table.Th scope="col" ta="right">Weight</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {report.worst.map(({ document, findings, weight }) => (
              <Table.Tr key={document.id}>
                <Table.Td><ToDocument document={document} tab="findings" /></Table.Td>
                <Table.Td ta="right" className="figures">{grouped(findings)}</Table.Td>
                <Table.Td ta="right" className="figures">{grouped(weight)}</Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </Table.ScrollContainer>
      <Text size="xs" c="dimmed">A grave finding weighs 100, a notable one 10, a minor one 1.</Text>
    </section>
  );
}

function Alike({ report }: { report: Report }) {
  if (report.duplicates.length === 0) return null;
  return (
    <section>
      <Title order={2} size="h4" mb="xs">Nearly the same</Title>
      <Stack gap="xs">
        {report.duplicates.slice(0, 50).map(({ documents, likeness, exact }) => (
          <div key={documents[0]?.id}>
            <Text size="sm" fw={600}>{exact ? "The same text" : `At least ${percent(likeness)} alike`}, {count(documents.length, "document")}</Text>
            <Documents documents={documents} />
          </div>
        ))}
      </Stack>
    </section>
  );
}

function Old({ report }: { report: Report }) {
  if (report.stale_count === 0) return null;
  return (
    <section>
      <Title order={2} size="h4" mb="xs">Out of date by their own words</Title>
      <Documents documents={report.stale} />
      {report.stale_count > report.stale.length && <Text size="sm" c="dimmed">and {grouped(report.stale_count - report.stale.length)} more</Text>}
    </section>
  );
}

function Tongues({ report }: { report: Report }) {
  const languages = Object.entries(report.languages);
  if (languages.length < 2) return null;
  const names = new Intl.DisplayNames(["en"], { type: "language", fallback: "code" });
  const said = languages.map(([code, n]) => `${code === "unknown" ? "not known" : names.of(code)}: ${n}`);
  return (
    <section>
      <Title order={2} size="h4" mb="xs">Languages</Title>
      <Group gap="md"><Text size="sm">{said.join(", ")}</Text></Group>
      {report.other_language.length > 0 && (
        <>
          <Text size="sm" mt="xs">In another language than most:</Text>
          <Documents documents={report.other_language} />
        </>
      )}
    </section>
  );
}

function Documents({ documents }: { documents: Known[] }) {
  return <ul className="plain">{documents.map((document) => <li key={document.id}><ToDocument document={document} /> <Text span size="xs" c="dimmed" className="breakable">{placeOf(document.uri)}</Text></li>)}</ul>;
}

function ToDocument({ document, tab }: { document: Known; tab?: string }) {
  return (
    <Link to="/documents/$documentId" params={{ documentId: document.id }} search={{ tab }} className="breakable" size="sm" dir="auto" underline="always">{document.title}</Link>
  );
}
