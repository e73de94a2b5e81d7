import { Badge, Stack, Table, Text } from "@mantine/core";
import { queries } from "@/api/client";
import { Link } from "@/kit/Link";
import { More } from "@/kit/More";
import { bytes, grouped } from "@/kit/numbers";
import { Shown } from "@/kit/Shown";
import { When } from "@/kit/When";

/** What a document was: older revisions stay for a while, so that an old answer can be opened with the text it cites. */
export function RevisionsTab({ documentId, shown }: { documentId: string; shown: string }) {
  const query = queries.useInfiniteQuery("get", "/v1/documents/{document_id}/revisions",
    { params: { path: { document_id: documentId }, query: { limit: 25 } } },
    { pageParamName: "before", initialPageParam: null, getNextPageParam: ({ next }: { next: number | null }) => next ?? undefined });
  return (
    <Shown query={query}>
      {({ pages }) => (
        <Stack>
          <Text size="sm" c="dimmed">Only the present revision is searched. Older ones are kept for a while, so that an answer can be opened with the text that it cites.</Text>
          <Table.ScrollContainer minWidth={560}>
            <Table verticalSpacing="xs">
              <Table.Thead>
                <Table.Tr>
                  <Table.Th scope="col">Revision</Table.Th>
                  <Table.Th scope="col">Title</Table.Th>
                  <Table.Th scope="col">Taken in</Table.Th>
                  <Table.Th scope="col" ta="right">Size</Table.Th>
                  <Table.Th scope="col" ta="right">Chunks</Table.Th>
                </Table.Tr>
              </Table.Thead>
              <Table.Tbody>
                {pages.flatMap((page) => page.revisions).map(({ id, number, title, created_at, size_bytes, chunks, live }) => (
                  <Table.Tr key={id}>
                    <Table.Td className="nowrap">
                      {id === shown ? <Text span size="sm" fw={600}>{number} (shown)</Text>
                        : <Link to="/documents/$documentId" params={{ documentId }} search={{ tab: "text", revision: live ? undefined : id }} size="sm" aria-label={`Open revision ${number}`}>Open {number}</Link>}
                      {live && <Badge ml="xs" color="green" variant="light" className="state">present</Badge>}
                    </Table.Td>
                    <Table.Td className="breakable" dir="auto">{title}</Table.Td>
                    <Table.Td><When at={created_at} /></Table.Td>
                    <Table.Td ta="right" className="figures nowrap">{bytes(size_bytes)}</Table.Td>
                    <Table.Td ta="right" className="figures">{grouped(chunks)}</Table.Td>
                  </Table.Tr>
                ))}
              </Table.Tbody>
            </Table>
          </Table.ScrollContainer>
          <More query={query} label="Show older revisions" />
        </Stack>
      )}
    </Shown>
  );
}
