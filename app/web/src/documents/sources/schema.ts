// The arguments of a kind of source, as the server describes them by JSON schema, made into the fields of a form.

export interface Field {
  name: string;
  label: string;
  description: string;
  kind: "text" | "texts" | "number" | "boolean" | "object";
  required: boolean;
  whole: boolean;
  least: number | undefined;
  most: number | undefined;
  preset: unknown;
}

const LABELS: Record<string, string> = {
  path: "Folder", include: "Only these", exclude: "None of these", urls: "Addresses to begin at", sitemaps: "Sitemaps", depth: "Links away", max_pages: "Pages at most",
  max_time_s: "Seconds at most", delay_s: "Seconds between requests", url: "Bucket", secret: "Name of the credentials", reader: "Reader", init: "Arguments of its constructor",
  load: "Arguments of load_data",
};

/** Return the fields for a schema; what is needed comes first. */
export function fieldsOf(schema: Record<string, unknown>): Field[] {
  const needed = Array.isArray(schema["required"]) ? schema["required"] : [];
  const fields = Object.entries(objectOf(schema["properties"])).map(([name, given]) => fieldOf(name, objectOf(given), needed.includes(name)));
  return fields.toSorted((a, b) => Number(b.required) - Number(a.required));
}

function fieldOf(name: string, given: Record<string, unknown>, required: boolean): Field {
  const schema = { ...given, ...(Array.isArray(given["anyOf"]) ? given["anyOf"].map(objectOf).find(({ type }) => type !== "null") : {}) };
  const number = (key: string) => (typeof schema[key] === "number" ? schema[key] : undefined);
  const type = String(schema["type"]);
  const kinds: Record<string, Field["kind"]> = { array: "texts", integer: "number", number: "number", boolean: "boolean", object: "object" };
  return {
    name,
    label: LABELS[name] ?? name.replaceAll("_", " ").replace(/^./, (letter) => letter.toUpperCase()),
    description: typeof given["description"] === "string" ? given["description"] : "",
    kind: kinds[type] ?? "text",
    required,
    whole: type === "integer",
    least: number("minimum"),
    most: number("maximum"),
    preset: given["default"],
  };
}

/** Return what a form holds in the place of a value that was not given. */
export function emptyOf(field: Field): unknown {
  if (field.preset !== undefined && field.preset !== null) return field.preset;
  return { text: "", texts: [], number: "", boolean: false, object: {} }[field.kind];
}

/** Return the arguments to send: what is empty is left to its default. */
export function argumentsOf(fields: Field[], values: Record<string, unknown>): Record<string, unknown> {
  const given = fields.map(({ name }) => [name, values[name]] as const).filter(([, value]) => value !== "" && value !== undefined && value !== null);
  return Object.fromEntries(given);
}

/** Say whether all that is needed is there. */
export function isComplete(fields: Field[], values: Record<string, unknown>): boolean {
  return fields.every(({ name, required, kind }) => {
    const value = values[name];
    if (kind === "object" && typeof value === "string") return false; // text that is no object yet
    return !required || (value !== "" && value !== undefined && value !== null);
  });
}

export function objectOf(value: unknown): Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? Object.fromEntries(Object.entries(value)) : {};
}

export function textsOf(value: unknown): string[] {
  return Array.isArray(value) ? value.map(String) : [];
}
