import { useState } from "react";
import { JsonInput, NumberInput, Switch, TagsInput, TextInput } from "@mantine/core";
import { objectOf, textsOf, type Field } from "./schema";

interface SchemaFieldsProps {
  fields: Field[];
  values: Record<string, unknown>;
  onChange: (values: Record<string, unknown>) => void;
}

/** The fields of a schema, each by its kind. */
export function SchemaFields({ fields, values, onChange }: SchemaFieldsProps) {
  return fields.map((field) => (
    <One key={field.name} field={field} value={values[field.name]} onChange={(value) => onChange({ ...values, [field.name]: value })} />
  ));
}

function One({ field, value, onChange }: { field: Field; value: unknown; onChange: (value: unknown) => void }) {
  const said = { label: field.label, description: field.description, required: field.required };
  switch (field.kind) {
    case "texts":
      return <TagsInput {...said} value={textsOf(value)} onChange={onChange} placeholder="Type one and press Enter" clearable clearButtonProps={{ "aria-label": `Clear ${field.label}` }} />;
    case "number":
      return <NumberInput {...said} value={typeof value === "number" || typeof value === "string" ? value : ""} onChange={onChange} min={field.least} max={field.most} allowDecimal={!field.whole} />;
    case "boolean":
      return <Switch {...said} checked={value === true} onChange={({ currentTarget }) => onChange(currentTarget.checked)} />;
    case "object":
      return <ObjectInput {...said} value={value} onChange={onChange} />;
    default:
      return <TextInput {...said} value={typeof value === "string" ? value : ""} onChange={({ currentTarget }) => onChange(currentTarget.value)} />;
  }
}

// What is typed is text; what the form holds is the object, as soon as the text is one.
function ObjectInput({ label, description, value, onChange }: { label: string; description: string; value: unknown; onChange: (value: unknown) => void }) {
  const [text, setText] = useState(typeof value === "string" ? value : JSON.stringify(objectOf(value), null, 2));
  return (
    <JsonInput label={label} description={`${description} As a JSON object.`} value={text} autosize minRows={2} validationError="This is no JSON object"
      onChange={(typed) => {
        setText(typed);
        onChange(parsedObject(typed) ?? typed);
      }} />
  );
}

function parsedObject(text: string): Record<string, unknown> | null {
  try {
    const parsed: unknown = JSON.parse(text);
    return typeof parsed === "object" && parsed !== null && !Array.isArray(parsed) ? objectOf(parsed) : null;
  } catch {
    return null;
  }
}
