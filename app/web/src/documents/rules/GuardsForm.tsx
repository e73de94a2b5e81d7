import { useState } from "react";
import { Button, Group, MultiSelect, Paper, Select, Stack, Text, Title } from "@mantine/core";
import { IconPlus } from "@tabler/icons-react";
import { notifications } from "@mantine/notifications";
import { queries, type Schemas } from "@/api/client";
import { refresh } from "@/api/queryClient";
import { Failure } from "@/kit/Failure";
import { PERSONAL_RULES, ruleInWords } from "../found/words";
import { TopicFields } from "./TopicFields";

type Guards = Schemas["GuardsBody"];
type Treatment = NonNullable<Guards["personal_in_questions"]>;

const TREATMENTS: { value: Treatment; label: string }[] = [
  { value: "allow", label: "Leave it" },
  { value: "mask", label: "Put a mark in its place" },
  { value: "refuse", label: "Refuse" },
];

function treatmentOf(value: string | null): Treatment {
  return TREATMENTS.find((one) => one.value === value)?.value ?? "allow";
}

/** What is refused and masked in questions about a collection, and in answers from it. */
export function GuardsForm({ collection, kept }: { collection: string; kept: Guards }) {
  const [guards, setGuards] = useState(kept);
  const change = (changes: Partial<Guards>) => setGuards({ ...guards, ...changes });
  const topics = guards.topics ?? [];
  const save = queries.useMutation("put", "/v1/collections/{name}/guards", {
    meta: { quiet: true },
    onSuccess: async () => {
      notifications.show({ message: "Saved. It holds from the next question on." });
      await refresh("/v1/collections/{name}/guards");
    },
  });
  const whole = topics.every(({ name, phrases }) => /^[A-Za-z0-9._-]{1,64}$/.test(name) && phrases.length > 0);
  return (
    <Paper withBorder p="md" component="section">
      <Stack>
        <div>
          <Title order={2} size="h4">Guards on questions and answers</Title>
          <Text size="sm" c="dimmed">Keys and passwords are always masked. The rest is for you to say; it holds from the next question on.</Text>
        </div>
        <div className="cards">
          <Select label="Personal data in questions" allowDeselect={false} data={TREATMENTS} value={guards.personal_in_questions ?? "allow"}
            onChange={(value) => change({ personal_in_questions: treatmentOf(value) })} />
          <Select label="Personal data in answers" allowDeselect={false} data={TREATMENTS} value={guards.personal_in_answers ?? "allow"}
            onChange={(value) => change({ personal_in_answers: treatmentOf(value) })} />
          <Select label="Questions that attack the language model" allowDeselect={false} value={guards.attacks ?? "refuse"}
            data={[{ value: "refuse", label: "Refuse" }, { value: "allow", label: "Let them through" }]} onChange={(value) => change({ attacks: value === "allow" ? "allow" : "refuse" })} />
        </div>
        <MultiSelect label="What counts as personal data" searchable value={guards.personal ?? []} onChange={(personal) => change({ personal })}
          data={[...new Set([...PERSONAL_RULES, ...(guards.personal ?? [])])].map((value) => ({ value, label: ruleInWords(value) }))} />
        <div>
          <Text size="sm" fw={600}>What is not to be asked</Text>
          <Text size="xs" c="dimmed" mb="xs">A question is about a topic when it holds the words of one of its phrases, whatever their endings: &quot;salary&quot; finds &quot;salaries&quot;.</Text>
          <Stack gap="xs">
            {topics.map((topic, at) => (
              // oxlint-disable-next-line react/no-array-index-key -- rows of a form have no name of their own, and keep nothing
              <TopicFields key={at} topic={topic} number={at + 1} onChange={(next) => change({ topics: topics.map((one, n) => (n === at ? next : one)) })}
                onRemove={() => change({ topics: topics.filter((_, n) => n !== at) })} />
            ))}
            <Group><Button size="xs" variant="default" leftSection={<IconPlus size={14} aria-hidden />} onClick={() => change({ topics: [...topics, { name: "", phrases: [], message: "" }] })}>Add a topic</Button></Group>
          </Stack>
        </div>
        {!whole && <Text size="sm" c="dimmed" role="status">Each topic needs a name (letters, digits, dots, dashes) and a phrase.</Text>}
        <Failure error={save.error} />
        <Group><Button disabled={!whole} loading={save.isPending} onClick={() => save.mutate({ params: { path: { name: collection } }, body: guards })}>Save</Button></Group>
      </Stack>
    </Paper>
  );
}
