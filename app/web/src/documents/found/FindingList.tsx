import { useState } from "react";
import { Group, Select, Stack, Table, Title } from "@mantine/core";
import { queries } from "@/api/client";
import { Link } from "@/kit/Link";
import { More } from "@/kit/More";
import { grouped } from "@/kit/numbers";
import { Shown } from "@/kit/Shown";
import { Severity } from "./Severity";
import { kindInWords } from "./words";

/** Each finding with its document, the gravest first. */
export function FindingList({ collection, kinds }: { collection: string; kinds: string[] }) {
  const [kind, setKind] = useState<string | null>(null);
  const query = queries.useInfiniteQuery("get", "/v1/collections/{name}/findings",
    { params: { path: { name: collection }, query: { limit: 25, kind: kind ?? undefined } } },
    { pageParamName: "after", initialPageParam: null, getNextPageParam: ({ next }: { next: number | null }) => next ?? undefined });
  if (kinds.length === 0) return null;
  return (
    <section>
      <Group justify="space-between" align="flex-end" mb="xs">
        <Title order={2} size="h4">Each finding</Title>
        <Select label="Kind" w={260} maw="100%" clearable clearButtonProps={{ "aria-label": "Show all kinds" }} placeholder="All kinds" value={kind} onChange={setKind}
          data={kinds.map((value) => ({ value, label: kindInWords(value) }))} />
      </Group>
      <Shown query={query}>
        {({ pages }) => (
          <Stack>
            <Table.ScrollContainer minWidth={600}>
              <Table verticalSpacing="xs">
                <Table.Thead>
                  <Table.Tr>
                    <Table.Th scope="col">Finding</Table.Th>
                    <Table.Th scope="col">How grave</Table.Th>
                    <Table.Th scope="col" ta="right">Times</Table.Th>
                    <Table.Th scope="col">Document</Table.Th>
                  </Table.Tr>
                </Table.Thead>
                <Table.Tbody>
                  {pages.flatMap((page) => page.findings).map(({ message, kind: of, rule, severity, count, document, start, end }) => (
                    <Table.Tr key={`${document.id} ${of} ${rule} ${start} ${message}`}>
                      <Table.Td className="breakable">{message}</Table.Td>
                      <Table.Td><Severity severity={severity} /></Table.Td>
                      <Table.Td ta="right" className="figures">{grouped(count)}</Table.Td>
                      <Table.Td>
                        <Link to="/documents/$documentId" params={{ documentId: document.id }} size="sm" className="breakable" dir="auto"
                          search={start === null || end === null ? { tab: "findings" } : { tab: "text", start: String(start), end: String(end) }}>
                          {document.title}
                        </Link>
                      </Table.Td>
                    </Table.Tr>
                  ))}
                </Table.Tbody>
              </Table>
            </Table.ScrollContainer>
            <More query={query} label="Show more findings" />
          </Stack>
        )}
      </Shown>
    </section>
  );
}
