import { useState } from "react";
import { ActionIcon, Button, Group, NumberInput, Paper, Select, Stack, TagsInput, Text, Title } from "@mantine/core";
import { IconPlus, IconX } from "@tabler/icons-react";
import { notifications } from "@mantine/notifications";
import { queries, type Schemas } from "@/api/client";
import { refresh } from "@/api/queryClient";
import { Failure } from "@/kit/Failure";
import { kindInWords, PERSONAL_RULES, ruleInWords } from "../found/words";
import { actionsFor, isAction, type Action } from "./actions";

type Policy = Schemas["PolicyInForceBody"];

/** What is done about what is found in documents on their way in. */
export function PolicyForm({ collection, kept }: { collection: string; kept: Policy }) {
  const [actions, setActions] = useState(kept.actions ?? {});
  const [rules, setRules] = useState(kept.rules ?? {});
  const [similarity, setSimilarity] = useState(Math.round(100 * (kept.similarity ?? 0.85)));
  const [days, setDays] = useState(kept.stale_after_days ?? 730);
  const [languages, setLanguages] = useState(kept.languages ?? []);
  const save = queries.useMutation("put", "/v1/collections/{name}/policy", {
    meta: { quiet: true },
    onSuccess: async () => {
      notifications.show({ message: "Saved. It holds for what is taken in from now on." });
      await refresh("/v1/collections/{name}/policy", "/v1/collections/{name}/quality");
    },
  });
  const body = { actions, rules, similarity: similarity / 100, stale_after_days: days, languages };
  return (
    <Paper withBorder p="md" component="section">
      <Stack>
        <div>
          <Title order={2} size="h4">What is done about findings</Title>
          <Text size="sm" c="dimmed">Holds for documents that are taken in from now on. A mark such as [e-mail] is put into the text that is searched; the original file is kept as it is.</Text>
        </div>
        <div className="cards">
          {Object.entries(actions).map(([kind, action]) => (
            <Select key={kind} label={kindInWords(kind)} allowDeselect={false} data={actionsFor(kind)} value={action}
              onChange={(value) => isAction(value) && setActions({ ...actions, [kind]: value })} />
          ))}
        </div>
        <Exceptions rules={rules} onChange={setRules} />
        <Group align="flex-start">
          <NumberInput label="Nearly the same from" description="Per cent of the text alike" suffix=" %" min={70} max={100} allowDecimal={false} value={similarity} w={220}
            onChange={(value) => typeof value === "number" && setSimilarity(value)} />
          <NumberInput label="Out of date after" description="Since it says it was updated" suffix=" days" min={1} max={36_500} allowDecimal={false} value={days} w={220}
            onChange={(value) => typeof value === "number" && setDays(value)} />
          <TagsInput label="Languages" description="Two letters each, such as en; none allows all" value={languages} onChange={setLanguages} w={280} maw="100%"
            clearButtonProps={{ "aria-label": "Clear languages" }} />
        </Group>
        <Failure error={save.error} />
        <Group><Button loading={save.isPending} onClick={() => save.mutate({ params: { path: { name: collection } }, body })}>Save</Button></Group>
      </Stack>
    </Paper>
  );
}

const EXCEPTED = ["person", ...PERSONAL_RULES, "speaks_to_model"];

function kindOfRule(rule: string): string {
  return rule === "speaks_to_model" ? "instruction" : EXCEPTED.includes(rule) ? "personal" : "secret";
}

/** What is done about one rule, in the place of what its kind says. */
function Exceptions({ rules, onChange }: { rules: Record<string, Action>; onChange: (rules: Record<string, Action>) => void }) {
  const [added, setAdded] = useState<string | null>(null);
  const left = EXCEPTED.filter((rule) => !(rule in rules));
  const without = (rule: string) => Object.fromEntries(Object.entries(rules).filter(([name]) => name !== rule));
  return (
    <div>
      <Text size="sm" fw={600}>Exceptions</Text>
      <Text size="xs" c="dimmed" mb="xs">What is done about one of them, in the place of what its kind says above.</Text>
      <Stack gap="xs">
        {Object.entries(rules).map(([rule, action]) => (
          <Group key={rule} gap="xs" align="flex-end">
            <Select label={ruleInWords(rule)} allowDeselect={false} data={actionsFor(kindOfRule(rule))} value={action} w={280} maw="80%"
              onChange={(value) => isAction(value) && onChange({ ...rules, [rule]: value })} />
            <ActionIcon variant="subtle" color="gray" size="lg" aria-label={`Remove the exception for ${ruleInWords(rule)}`} onClick={() => onChange(without(rule))}>
              <IconX size={16} aria-hidden />
            </ActionIcon>
          </Group>
        ))}
        <Group gap="xs" align="flex-end">
          <Select label="Exception for" searchable w={280} maw="100%" value={added} onChange={setAdded} data={left.map((value) => ({ value, label: ruleInWords(value) }))} placeholder="Choose one" />
          <Button variant="default" leftSection={<IconPlus size={14} aria-hidden />} disabled={!added} onClick={() => {
            if (added) onChange({ ...rules, [added]: "report" });
            setAdded(null);
          }}>Add</Button>
        </Group>
      </Stack>
    </div>
  );
}
