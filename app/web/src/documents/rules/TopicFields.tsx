import { ActionIcon, Group, Paper, Stack, TagsInput, TextInput } from "@mantine/core";
import { IconX } from "@tabler/icons-react";
import type { Schemas } from "@/api/client";

type Topic = Schemas["TopicBody"];

interface TopicFieldsProps {
  topic: Topic;
  number: number;
  onChange: (topic: Topic) => void;
  onRemove: () => void;
}

/** One topic that is not to be asked about. */
export function TopicFields({ topic, number, onChange, onRemove }: TopicFieldsProps) {
  return (
    <Paper withBorder p="xs">
      <Stack gap="xs">
        <Group gap="xs" align="flex-end" wrap="nowrap">
          <TextInput label={`Topic ${number}`} placeholder="layoffs" maxLength={64} flex={1} value={topic.name} onChange={({ currentTarget }) => onChange({ ...topic, name: currentTarget.value })} />
          <ActionIcon variant="subtle" color="gray" size="lg" aria-label={`Remove topic ${number}`} onClick={onRemove}><IconX size={16} aria-hidden /></ActionIcon>
        </Group>
        <TagsInput label="Phrases" placeholder="Type one and press Enter" value={topic.phrases} onChange={(phrases) => onChange({ ...topic, phrases })} clearButtonProps={{ "aria-label": `Clear phrases of topic ${number}` }} />
        <TextInput label="What who asks is told" placeholder="Please ask HR." maxLength={1000} value={topic.message ?? ""} onChange={({ currentTarget }) => onChange({ ...topic, message: currentTarget.value })} />
      </Stack>
    </Paper>
  );
}
