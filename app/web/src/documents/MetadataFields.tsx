import { ActionIcon, Button, Group, Stack, Text, TextInput } from "@mantine/core";
import { IconPlus, IconX } from "@tabler/icons-react";
import { metadataProblem, type Pair } from "./metadata";

interface MetadataFieldsProps {
  value: Pair[];
  onChange: (value: Pair[]) => void;
}

/** Edits metadata: names and values, one pair a row. */
export function MetadataFields({ value, onChange }: MetadataFieldsProps) {
  const change = (at: number, changes: Partial<Pair>) => onChange(value.map((pair, n) => (n === at ? { ...pair, ...changes } : pair)));
  const problem = metadataProblem(value);
  return (
    <Stack gap="xs">
      {value.map((pair, at) => (
        // oxlint-disable-next-line react/no-array-index-key -- rows of a form have no name of their own, and keep nothing
        <Group key={at} gap="xs" wrap="nowrap" align="flex-end">
          <TextInput label={at === 0 ? "Name" : undefined} aria-label={`Name of entry ${at + 1}`} placeholder="department" value={pair.name} maxLength={64} flex={1}
            onChange={({ currentTarget }) => change(at, { name: currentTarget.value })} />
          <TextInput label={at === 0 ? "Value" : undefined} aria-label={`Value of entry ${at + 1}`} placeholder="legal" value={pair.value} maxLength={256} flex={2}
            onChange={({ currentTarget }) => change(at, { value: currentTarget.value })} />
          <ActionIcon variant="subtle" color="gray" size="lg" aria-label={`Remove entry ${at + 1}`} onClick={() => onChange(value.filter((_, n) => n !== at))}>
            <IconX size={16} aria-hidden />
          </ActionIcon>
        </Group>
      ))}
      {problem && <Text size="sm" c="red" role="alert">{problem}</Text>}
      <Group>
        <Button size="xs" variant="default" leftSection={<IconPlus size={14} aria-hidden />} onClick={() => onChange([...value, { name: "", value: "" }])}>
          Add an entry
        </Button>
      </Group>
    </Stack>
  );
}
