import { Badge, Group, Paper, Stack, Text } from "@mantine/core";
import { queries, type Schemas } from "@/api/client";
import { Empty } from "@/kit/Empty";
import { Link } from "@/kit/Link";
import { More } from "@/kit/More";
import { count } from "@/kit/numbers";
import { Shown } from "@/kit/Shown";

interface ChunksTabProps {
  document: Schemas["OpenedDocumentBody"];
}

/** The pieces of a document as search sees them. */
export function ChunksTab({ document }: ChunksTabProps) {
  const query = queries.useInfiniteQuery("get", "/v1/documents/{document_id}/chunks",
    { params: { path: { document_id: document.id }, query: { revision: document.revision_id, limit: 25 } } },
    { pageParamName: "after", initialPageParam: null, getNextPageParam: ({ next }: { next: number | null }) => next ?? undefined });
  return (
    <Shown query={query}>
      {({ pages }) => {
        const chunks = pages.flatMap((page) => page.chunks);
        if (chunks.length === 0) return <Empty title="It is not searched">An older revision has no chunks any more; its text is kept.</Empty>;
        return (
          <Stack>
            <Text size="sm" c="dimmed">A chunk is a piece that is found as one. The search also knows where it stands: title, headings, the head of a table.</Text>
            {chunks.map((chunk) => <Chunk key={chunk.id} chunk={chunk} document={document} />)}
            <More query={query} label="Show more chunks" />
          </Stack>
        );
      }}
    </Shown>
  );
}

function Chunk({ chunk, document }: { chunk: Schemas["ChunkBody"]; document: Schemas["OpenedDocumentBody"] }) {
  const place = { start: String(chunk.start), end: String(chunk.end) };
  const params = { documentId: document.id };
  return (
    <Paper withBorder p="sm" component="article" aria-label={`Chunk ${chunk.ordinal + 1}`}>
      <Stack gap={6}>
        <Group justify="space-between" gap="xs">
          <Group gap="xs">
            <Badge variant="light" className="state">{chunk.ordinal + 1}</Badge>
            <Text size="sm" fw={600} className="breakable" dir="auto">{chunk.section.join(" > ") || "No heading"}</Text>
          </Group>
          <Group gap="sm">
            <Text size="xs" c="dimmed" className="figures">{chunk.page !== null && `page ${chunk.page}, `}{count(chunk.tokens, "token")}</Text>
            <Link to="/documents/$documentId" params={params} search={{ tab: "text", revision: document.revision_id, ...place }} size="xs">In the text</Link>
            {chunk.page !== null && document.pages !== null && (
              <Link to="/documents/$documentId" params={params} search={{ tab: "pages", revision: document.revision_id, ...place }} size="xs">On the page</Link>
            )}
          </Group>
        </Group>
        <Text size="sm" className="pre" dir="auto">{chunk.text}</Text>
        {chunk.context && (
          <details>
            <summary><Text span size="xs" c="dimmed">What the search knows of it besides</Text></summary>
            <Text size="xs" c="dimmed" className="pre" dir="auto">{chunk.context}</Text>
          </details>
        )}
      </Stack>
    </Paper>
  );
}
