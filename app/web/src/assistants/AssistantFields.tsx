import { Alert, NativeSelect, Stack, Text, Textarea, TextInput } from "@mantine/core";
import { AccessChoice } from "@/documents/access/AccessChoice";
import { grouped } from "@/kit/numbers";
import { useCaller, useRole } from "@/session/session";
import { faultOf, MAX_DESCRIPTION, MAX_INSTRUCTIONS, MAX_NAME, type Given } from "./given";
import { QuestionFields } from "./QuestionFields";

interface AssistantFieldsProps {
  given: Given;
  /** False while the server answers without a language model. */
  instructionsUsed: boolean;
  onChange: (given: Given) => void;
}

/** What an assistant is made of. */
export function AssistantFields({ given, instructionsUsed, onChange }: AssistantFieldsProps) {
  const change = (changes: Partial<Given>) => onChange({ ...given, ...changes });
  return (
    <Stack>
      <TextInput label="Name" required maxLength={MAX_NAME} data-autofocus dir="auto" value={given.name} error={faultOf(given.name)}
        description="What people choose in the chat." onChange={({ currentTarget }) => change({ name: currentTarget.value })} />
      <Textarea label="Description" maxLength={MAX_DESCRIPTION} autosize minRows={2} maxRows={6} dir="auto" value={given.description}
        description="What it is good for; shown when somebody begins." onChange={({ currentTarget }) => change({ description: currentTarget.value })} />
      <SearchedChoice value={given.collection} onChange={(collection) => change({ collection })} />
      <Instructions value={given.instructions} used={instructionsUsed} onChange={(instructions) => change({ instructions })} />
      <QuestionFields questions={given.questions} onChange={(questions) => change({ questions })} />
      <AccessChoice label="Who may use it" value={given.access} onChange={(access) => change({ access })}
        description="This opens no document: answers show each person only what they may read."
        everyone={given.collection === null ? "Everyone who can sign in" : "Everyone who may read the collection"} />
    </Stack>
  );
}

function SearchedChoice({ value, onChange }: { value: string | null; onChange: (collection: string | null) => void }) {
  const { curates } = useCaller();
  const { administrator } = useRole();
  const names = [...new Set(value === null ? curates : [...curates, value])].toSorted((a, b) => a.localeCompare(b));
  return (
    <NativeSelect label="What it searches" value={value ?? ""} onChange={({ currentTarget }) => onChange(currentTarget.value || null)}
      description={administrator ? "A collection, or all." : "A collection that you look after. One that searches all collections is for administrators to set up."}
      data={[...(administrator ? [{ value: "", label: "All that its user may read" }] : []), ...names]} />
  );
}

function Instructions({ value, used, onChange }: { value: string; used: boolean; onChange: (instructions: string) => void }) {
  return (
    <Stack gap={4}>
      <Textarea label="Instructions" maxLength={MAX_INSTRUCTIONS} autosize minRows={3} maxRows={12} dir="auto" value={value}
        placeholder="Answer in two sentences and name whom to ask."
        description="What the language model is told besides the question. They stand behind the server's own rules, which go first: what is shown as a source, checked and refused does not change."
        onChange={({ currentTarget }) => onChange(currentTarget.value)} />
      <Text size="xs" c="dimmed" ta="right" className="figures">{grouped(value.length)} of {grouped(MAX_INSTRUCTIONS)} characters</Text>
      {!used && <Alert color="yellow" p="xs" role="note">This server answers without a language model, in the words of the documents. Instructions are kept, but not used.</Alert>}
    </Stack>
  );
}
