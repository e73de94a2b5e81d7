import { Skeleton, Stack, Text, Title, UnstyledButton } from "@mantine/core";
import { queries } from "@/api/client";
import type { Place } from "./place";
import { useAssistants, useScope } from "./scope";

/** What an empty conversation shows: with what one may begin. */
export function Welcome({ place, onAsk }: { place: Place; onAsk: (question: string) => void }) {
  const { collection, assistant } = useScope(place.user);
  const { assistants } = useAssistants();
  const chosen = assistants.find(({ id }) => id === assistant);
  const query = { limit: 4, ...(collection !== null && { collection }), ...(assistant !== null && { assistant }) };
  const { data, isPending } = queries.useQuery("get", "/v1/suggestions", { params: { query } }, { staleTime: 300_000 });
  const suggestions = data?.suggestions ?? [];
  return (
    <Stack align="center" gap="xs" className="chat-welcome">
      <Title order={2} size="h3" ta="center" className="breakable">{chosen ? chosen.name : "What do you want to know?"}</Title>
      <Text c="dimmed" ta="center" className="breakable">
        {chosen?.description || "Ask in your own words. Every answer shows the passages that it stands on."}
      </Text>
      {isPending && <div className="chat-suggested" aria-hidden>{[1, 2, 3, 4].map((n) => <Skeleton key={n} height={64} />)}</div>}
      {suggestions.length > 0 && (
        <ul className="chat-suggested" aria-label="Questions to begin with">
          {suggestions.map(({ question }) => (
            <li key={question}><UnstyledButton dir="auto" onClick={() => onAsk(question)}>{question}</UnstyledButton></li>
          ))}
        </ul>
      )}
    </Stack>
  );
}
