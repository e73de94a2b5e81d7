import { ActionIcon, Button, Group, Paper, Select, Stack, Text, TextInput } from "@mantine/core";
import { IconArrowUp, IconPlus, IconX } from "@tabler/icons-react";
import type { SourceAccess } from "../access/access";
import { PeoplePicker } from "../access/PeoplePicker";

export interface Rule {
  pattern: string;
  access: SourceAccess;
}

const CHOICES = [
  { value: "everyone", label: "Everyone who may read the collection" },
  { value: "nobody", label: "Nobody" },
  { value: "private", label: "Only me" },
  { value: "chosen", label: "Chosen people and groups" },
];

interface WhoProps {
  label: string;
  value: SourceAccess;
  onChange: (value: SourceAccess) => void;
}

/** Who may read what comes from a source. */
export function Who({ label, value, onChange }: WhoProps) {
  const chosen = Array.isArray(value);
  return (
    <Stack gap={4} flex={1} miw={200}>
      <Select label={label} allowDeselect={false} data={CHOICES} value={chosen ? "chosen" : value}
        onChange={(picked) => onChange(picked === "everyone" || picked === "nobody" || picked === "private" ? picked : [])} />
      {chosen && <PeoplePicker label="People and groups" value={value} onChange={onChange} />}
    </Stack>
  );
}

/** Rules, of which the first that means a document counts. */
export function RuleFields({ rules, onChange }: { rules: Rule[]; onChange: (rules: Rule[]) => void }) {
  const change = (at: number, changes: Partial<Rule>) => onChange(rules.map((rule, n) => (n === at ? { ...rule, ...changes } : rule)));
  const raise = (at: number) => onChange(rules.map((rule, n) => (n === at - 1 ? rules[at] : n === at ? rules[at - 1] : rule) ?? rule));
  return (
    <Stack gap="xs">
      <Text size="sm" fw={600}>Rules for parts of it</Text>
      <Text size="xs" c="dimmed">The first rule that means a document counts. A pattern with a slash means a path (hr/*), one without means a name (*.key).</Text>
      {rules.map((rule, at) => (
        // oxlint-disable-next-line react/no-array-index-key -- rows of a form have no name of their own, and keep nothing
        <Paper key={at} withBorder p="xs">
          <Group align="flex-start" gap="xs">
            <TextInput label="Pattern" placeholder="hr/*" value={rule.pattern} maxLength={1000} flex={1} miw={140} aria-label={`Pattern of rule ${at + 1}`}
              onChange={({ currentTarget }) => change(at, { pattern: currentTarget.value })} />
            <Who label="Who may read" value={rule.access} onChange={(access) => change(at, { access })} />
            <Group gap={4} pt={24}>
              <ActionIcon variant="subtle" color="gray" size="lg" aria-label={`Move rule ${at + 1} up`} disabled={at === 0} onClick={() => raise(at)}><IconArrowUp size={16} aria-hidden /></ActionIcon>
              <ActionIcon variant="subtle" color="gray" size="lg" aria-label={`Remove rule ${at + 1}`} onClick={() => onChange(rules.filter((_, n) => n !== at))}><IconX size={16} aria-hidden /></ActionIcon>
            </Group>
          </Group>
        </Paper>
      ))}
      <Group>
        <Button size="xs" variant="default" leftSection={<IconPlus size={14} aria-hidden />} onClick={() => onChange([...rules, { pattern: "", access: [] }])}>Add a rule</Button>
      </Group>
    </Stack>
  );
}

/** Return what a kept list of keys says for a source: no key means nobody. */
export function sourceAccessOf(keys: string[]): SourceAccess {
  if (keys.includes("g:everyone")) return "everyone";
  return keys.length === 0 ? "nobody" : keys;
}
