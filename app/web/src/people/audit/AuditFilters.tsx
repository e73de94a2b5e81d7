import { Button, Select, TextInput } from "@mantine/core";
import { PersonSearch } from "../PersonSearch";
import { actionChoices } from "./actions";
import type { Wanted } from "./wanted";

const NOTHING: Wanted = { actor: undefined, action: undefined, object: undefined, from: undefined, until: undefined };
const LOCAL = [{ value: "local", label: "A command on the server's machine" }];

/** What the log is narrowed to. */
export function AuditFilters({ wanted, onChange }: { wanted: Wanted; onChange: (change: Wanted) => void }) {
  const narrowed = Object.values(wanted).some(Boolean);
  return (
    <div className="people-filters">
      <PersonSearch label="Who" also={LOCAL} value={wanted.actor?.replace(/^u:/, "") || null}
        onChange={(id) => onChange({ actor: id ? `u:${id}` : undefined })} />
      <Select label="What" placeholder="Anything" searchable clearable data={actionChoices()} value={wanted.action || null} maxDropdownHeight={320}
        clearButtonProps={{ "aria-label": "Choose any action" }} onChange={(action) => onChange({ action: action ?? undefined })} />
      <ObjectField value={wanted.object ?? ""} onChange={(object) => onChange({ object: object || undefined })} />
      <TextInput type="date" label="From" value={wanted.from ?? ""} onChange={(event) => onChange({ from: event.currentTarget.value || undefined })} />
      <TextInput type="date" label="Until, that day included" value={wanted.until ?? ""} onChange={(event) => onChange({ until: event.currentTarget.value || undefined })} />
      {narrowed && <Button variant="default" onClick={() => onChange(NOTHING)}>Take filters away</Button>}
    </div>
  );
}

/** Taken over when one leaves the field or presses Enter, so that no half a word is looked for. */
function ObjectField({ value, onChange }: { value: string; onChange: (object: string) => void }) {
  return (
    <TextInput key={value} label="Object" placeholder="document:0f3c..." maxLength={300} defaultValue={value}
      onBlur={(event) => { if (event.currentTarget.value !== value) onChange(event.currentTarget.value); }}
      onKeyDown={(event) => { if (event.key === "Enter") onChange(event.currentTarget.value); }} />
  );
}
