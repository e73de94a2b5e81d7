import { Stack, Table, Text } from "@mantine/core";
import { queries } from "@/api/client";
import { Empty } from "@/kit/Empty";
import { Link } from "@/kit/Link";
import { grouped } from "@/kit/numbers";
import { Shown } from "@/kit/Shown";
import { Severity } from "../found/Severity";
import { kindInWords, ruleInWords } from "../found/words";

/** What was found in a document. */
export function FoundTab({ documentId }: { documentId: string }) {
  const query = queries.useQuery("get", "/v1/documents/{document_id}/findings", { params: { path: { document_id: documentId } } });
  return (
    <Shown query={query}>
      {({ findings, redacted, language }) => (
        <Stack>
          {language && <Text size="sm">Language: {languageInWords(language)}</Text>}
          {Object.keys(redacted).length > 0 && (
            <Text size="sm">Marks stand in the place of: {Object.entries(redacted).map(([rule, n]) => `${ruleInWords(rule)} (${n})`).join(", ")}. The original file is as it was.</Text>
          )}
          {findings.length === 0 ? <Empty title="Nothing was found" /> : (
            <Table.ScrollContainer minWidth={560}>
              <Table verticalSpacing="xs">
                <Table.Thead>
                  <Table.Tr>
                    <Table.Th scope="col">Finding</Table.Th>
                    <Table.Th scope="col">Kind</Table.Th>
                    <Table.Th scope="col">How grave</Table.Th>
                    <Table.Th scope="col" ta="right">Times</Table.Th>
                    <Table.Th scope="col">Where</Table.Th>
                  </Table.Tr>
                </Table.Thead>
                <Table.Tbody>
                  {findings.map(({ kind, rule, severity, message, count, start, end }) => (
                    <Table.Tr key={`${kind} ${rule} ${start} ${message}`}>
                      <Table.Td className="breakable">{message}</Table.Td>
                      <Table.Td>{kindInWords(kind)}</Table.Td>
                      <Table.Td><Severity severity={severity} /></Table.Td>
                      <Table.Td ta="right" className="figures">{grouped(count)}</Table.Td>
                      <Table.Td>
                        {start === null || end === null ? <Text size="sm" c="dimmed">the whole document</Text>
                          : <Link to="/documents/$documentId" params={{ documentId }} search={{ tab: "text", start: String(start), end: String(end) }} size="sm">Show in the text</Link>}
                      </Table.Td>
                    </Table.Tr>
                  ))}
                </Table.Tbody>
              </Table>
            </Table.ScrollContainer>
          )}
        </Stack>
      )}
    </Shown>
  );
}

function languageInWords(code: string): string {
  if (code === "unknown") return "not known";
  return new Intl.DisplayNames(["en"], { type: "language", fallback: "code" }).of(code) ?? code;
}
