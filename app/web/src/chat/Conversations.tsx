import { useState, type Ref } from "react";
import { Button, Loader, Stack, Text, TextInput, VisuallyHidden } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { IconPlus, IconSearch } from "@tabler/icons-react";
import { ButtonLink, Link } from "@/kit/Link";
import { Shown } from "@/kit/Shown";
import { ConversationMenu } from "./ConversationMenu";
import { byPeriod } from "./groups";
import { useConversations, type Conversation } from "./useConversations";

interface ConversationsProps {
  open: string | null;
  search?: Ref<HTMLInputElement>;
  onNew: () => void;
  onDeleted: (id: string) => void;
}

const SEARCH_AFTER_MS = 250;

/** My conversations: search, open, and what one can do with each. */
export function Conversations({ open, search, onNew, onDeleted }: ConversationsProps) {
  const [words, setWords] = useState("");
  const [searched] = useDebouncedValue(words.trim(), SEARCH_AFTER_MS);
  const query = useConversations(searched);
  return (
    <div className="chat-conversations">
      <Stack gap="xs" p="sm">
        <ButtonLink to="/" variant="default" leftSection={<IconPlus size={16} aria-hidden />} onClick={onNew}>New chat</ButtonLink>
        <TextInput ref={search} type="search" aria-label="Search your conversations" placeholder="Search" size="sm" maxLength={200} value={words}
          leftSection={<IconSearch size={16} aria-hidden />} rightSection={query.isFetching && searched ? <Loader size={14} aria-hidden /> : null}
          onChange={(event) => setWords(event.currentTarget.value)} />
      </Stack>
      <div className="chat-listed">
        <Shown query={query}>
          {({ pages }) => {
            const listed = pages.flatMap(({ conversations }) => conversations);
            return (
              <>
                <VisuallyHidden role="status">{searched && `${listed.length} found`}</VisuallyHidden>
                {listed.length === 0 && <Text size="sm" c="dimmed" p="sm">{searched ? "No conversation holds these words." : "What you ask is kept here, for you alone."}</Text>}
                {byPeriod(listed).map(([period, ones]) => <Group key={period} period={period} ones={ones} open={open} onDeleted={onDeleted} />)}
                {query.hasNextPage && <Button variant="subtle" size="xs" m="sm" loading={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>Show more</Button>}
              </>
            );
          }}
        </Shown>
      </div>
    </div>
  );
}

interface GroupProps {
  period: string;
  ones: Conversation[];
  open: string | null;
  onDeleted: (id: string) => void;
}

function Group({ period, ones, open, onDeleted }: GroupProps) {
  return (
    <section aria-label={period}>
      <Text size="xs" fw={600} c="dimmed" px="sm" pt="xs">{period}</Text>
      <ul className="chat-list">
        {ones.map(({ id, title }) => (
          <li key={id} data-open={id === open || undefined}>
            <Link to="/c/$conversationId" params={{ conversationId: id }} underline="never" c="inherit" dir="auto" title={title}
              className="chat-listed-title" aria-current={id === open ? "page" : undefined}>
              {title || "Nothing asked yet"}
            </Link>
            <ConversationMenu id={id} title={title || "this conversation"} onDeleted={onDeleted} />
          </li>
        ))}
      </ul>
    </section>
  );
}
