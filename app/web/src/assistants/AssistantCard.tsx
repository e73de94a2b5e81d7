import type { ReactNode } from "react";
import { Group, Paper, Stack, Text, Title } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { IconMessage } from "@tabler/icons-react";
import { api } from "@/api/client";
import { refresh } from "@/api/queryClient";
import { setScope } from "@/chat/scope";
import { Confirmed } from "@/kit/Confirmed";
import { ButtonLink } from "@/kit/Link";
import { count } from "@/kit/numbers";
import { When } from "@/kit/When";
import { useCaller } from "@/session/session";
import { AssistantDialog } from "./AssistantDialog";
import { usersOf, type Assistant } from "./given";

/** An assistant that one may ask. */
export function UsableCard({ assistant }: { assistant: Assistant }) {
  return (
    <Card assistant={assistant}><TryLink assistant={assistant} /></Card>
  );
}

interface ManagedCardProps {
  assistant: Assistant;
  /** Whoever looks at it may ask it too. */
  usable: boolean;
  /** What keys of users and groups stand for. */
  names: Record<string, string>;
  onDeleted: () => void;
}

/** An assistant that one looks after. */
export function ManagedCard({ assistant, usable, names, onDeleted }: ManagedCardProps) {
  const { name, instructions, instructions_used } = assistant;
  const notes = [
    ...(instructions && !instructions_used ? ["Its instructions are not used: this server answers without a language model."] : []),
    ...(usable ? [] : ["You may not ask it yourself."]),
  ];

  async function remove() {
    await api.DELETE("/v1/assistants/{assistant_id}", { params: { path: { assistant_id: assistant.id } } });
    await refresh("/v1/assistants");
    notifications.show({ message: `${name} was deleted.` });
    onDeleted();
  }

  return (
    <Card assistant={assistant} who={<Fact label="For">{usersOf(assistant, names)}</Fact>} note={notes.join(" ")}>
      {usable && <TryLink assistant={assistant} />}
      <AssistantDialog label="Change" aria-label={`Change ${name}`} size="xs" variant="default" assistant={assistant} instructionsUsed={instructions_used} />
      <Confirmed label="Delete" aria-label={`Delete ${name}`} size="xs" variant="default" question={`Delete ${name}?`} verb="Delete assistant" onConfirm={remove}
        consequence="Nobody can ask it any more, here or by the API. Its collection, and what was answered through it, stay." />
    </Card>
  );
}

interface CardProps {
  assistant: Assistant;
  who?: ReactNode;
  /** A sentence below what it is. */
  note?: string;
  /** Buttons. */
  children: ReactNode;
}

function Card({ assistant, who, note, children }: CardProps) {
  const { name, description, collection, questions, updated_at } = assistant;
  return (
    <Paper withBorder p="md" component="li">
      <Stack gap="xs" h="100%" justify="space-between">
        <Stack gap="xs">
          <Title order={3} size="h5" className="breakable" dir="auto">{name}</Title>
          {description && <Text size="sm" className="pre" dir="auto">{description}</Text>}
          <div>
            <Fact label="Searches">{collection === null ? "all that its user may read" : <bdi>{collection}</bdi>}</Fact>
            {who}
            {questions.length > 0 && <Fact label="Begins with">{count(questions.length, "question")}</Fact>}
            <Fact label="Changed"><When at={updated_at} /></Fact>
          </div>
          {note && <Text size="xs" c="dimmed">{note}</Text>}
        </Stack>
        <Group gap="xs">{children}</Group>
      </Stack>
    </Paper>
  );
}

function Fact({ label, children }: { label: string; children: ReactNode }) {
  return <Text size="sm" component="div" className="breakable"><Text span inherit c="dimmed">{label}</Text> {children}</Text>;
}

/** To a new chat, in which it is chosen. */
function TryLink({ assistant: { id, name } }: { assistant: Assistant }) {
  const { user } = useCaller();
  return (
    <ButtonLink to="/" size="xs" leftSection={<IconMessage size={14} aria-hidden />} aria-label={`Try it: ${name}`}
      onClick={() => setScope(user?.id ?? "", { collection: null, assistant: id })}>Try it</ButtonLink>
  );
}
