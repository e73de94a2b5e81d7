import { Stack, Text } from "@mantine/core";
import { Problem, queries } from "@/api/client";
import { ProblemShown } from "@/kit/ProblemShown";
import { Loading } from "@/kit/Shown";
import { useRole } from "@/session/session";
import type { Turn } from "../thread";
import { Chosen } from "./Chosen";
import { Claims } from "./Claims";
import { Gone } from "./Gone";
import { Judged } from "./Judged";
import { Passage } from "./Passage";
import { Facts, OlderRevision, ToDocument } from "./SourceFacts";

interface OpenedSourceProps {
  turn: Turn;
  source: Turn["citations"][number];
}

const isMissing = (error: unknown) => error instanceof Problem && (error.status === 404 || error.status === 403);

/** A source that may be read: where it is from, what stands on it, and the passage in its place. */
export function OpenedSource({ turn, source }: OpenedSourceProps) {
  const { administrator } = useRole();
  const path = { document_id: source.document_id };
  const opened = queries.useQuery("get", "/v1/documents/{document_id}", { params: { path, query: { revision: source.revision_id } } });
  // A look at the list says which revision is the present one, without its text.
  const newest = queries.useQuery("get", "/v1/documents/{document_id}/revisions", { params: { path, query: { limit: 1 } } });
  const present = newest.data?.revisions[0];
  const older = present !== undefined && present.id !== source.revision_id;

  // Also when it was there a moment ago: what may not be read any more is not shown from memory.
  if (isMissing(newest.error)) return <Gone />;
  if (opened.isError) {
    if (isMissing(opened.error) && newest.data) return <NotKept source={source} />;
    if (isMissing(opened.error)) return newest.isError ? <ProblemShown error={newest.error} retry={() => void newest.refetch()} /> : <Loading />;
    return <ProblemShown error={opened.error} retry={() => void opened.refetch()} />;
  }
  if (!opened.data) return <Loading rows={8} />;
  return (
    <Stack gap="sm">
      <Facts source={source} document={opened.data} />
      {older && <OlderRevision document={opened.data} />}
      {source.suspect && <Text size="sm" className="chat-notice">Parts of this passage speak to a language model. Read it with care.</Text>}
      {source.masked && <Text size="sm" className="chat-notice">In the quote beside the answer, secrets or personal data are replaced by marks. Here is the document as it is.</Text>}
      <Claims turn={turn} number={source.number} />
      <Passage source={source} document={opened.data} />
      {turn.available && <Judged turn={turn} source={source} />}
      <ToDocument source={source} document={opened.data} older={older} />
      {administrator && <Chosen turn={turn} source={source} />}
    </Stack>
  );
}

/** The document is there, and the revision that was cited was cleared away: what is left of it is the quote. */
function NotKept({ source }: Pick<OpenedSourceProps, "source">) {
  return (
    <Stack gap="sm">
      <OlderRevision document={{ id: source.document_id }} />
      <Text size="sm">The revision that was cited is not kept any more. These are the words that the answer quoted:</Text>
      <blockquote className="source-text" dir="auto"><mark>{source.quote}</mark></blockquote>
    </Stack>
  );
}
