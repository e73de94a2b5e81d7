// A receipt is plain JSON that grew with the server: what is not there, or is something else, is left out.

function recordOf(value: unknown): Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? Object.fromEntries(Object.entries(value)) : {};
}

function words(name: string): string {
  return name.replaceAll("_", " ");
}

export interface Told {
  name: string;
  value: string;
}

/** How many of each kind were erased, those of which there were none left out. */
export function erased(receipt: Record<string, unknown>): Told[] {
  return Object.entries(recordOf(receipt["erased"])).filter(([, n]) => typeof n === "number" && n > 0)
    .map(([kind, n]) => ({ name: words(kind), value: String(n) }));
}

/** What was made with its help, by kind. */
export function usedBy(receipt: Record<string, unknown>): Told[] {
  return Object.entries(recordOf(receipt["used_by"]))
    .map(([kind, ids]) => ({ name: words(kind), value: (Array.isArray(ids) ? ids : Object.keys(recordOf(ids))).map(String).join(", ") }))
    .filter(({ value }) => value !== "");
}

/** What was found of it afterwards, by place; null while nobody looked. */
export function left(receipt: Record<string, unknown>): Told[] | null {
  const scan = recordOf(receipt["scan"]);
  if (!("left" in scan)) return null;
  return Object.entries(recordOf(scan["left"])).map(([place, n]) => ({ name: place, value: String(n) }));
}

/** What was written anew, so that nothing stays readable on disk. */
export function compacted(receipt: Record<string, unknown>): Told[] {
  return Object.entries(recordOf(receipt["compacted"])).map(([name, said]) => ({ name: words(name), value: String(said) }));
}

/** Backups from before, which still hold it. */
export function backups(receipt: Record<string, unknown>): Told[] {
  const made = recordOf(receipt["not_reached"])["backups"];
  return (Array.isArray(made) ? made : []).map(recordOf).map(({ at, file }) => ({ name: String(file ?? "a file"), value: String(at ?? "") }));
}

/** What is to be known or done besides, in sentences. */
export function notes(receipt: Record<string, unknown>): string[] {
  const said: string[] = [];
  const source = recordOf(receipt["source"]);
  if (source["id"]) said.push(`Its source ${String(source["id"])} ${String(source["words"] ?? "")}.`);
  if (receipt["originals_of_others"]) said.push("Another document was made of the same file, which stays.");
  if (receipt["anonymised"] === true) said.push("What the person asked and said stays, without who said it.");
  if (receipt["went_back_to"]) said.push(`What was learned with its help serves no more; ${String(receipt["went_back_to"])} does.`);
  if (receipt["retraining"]) said.push(`A new training without it was asked for: ${String(receipt["retraining"])}.`);
  const waits = receipt["to_be_trained"];
  if (Array.isArray(waits) && waits.length > 0) said.push(`Trained again too, asked for within an hour: ${waits.join(", ")}.`);
  return said;
}

/** What lies outside of what the server can reach. */
export function outside(receipt: Record<string, unknown>): string {
  const said = recordOf(receipt["not_reached"])["outside"];
  return typeof said === "string" ? said.charAt(0).toUpperCase() + said.slice(1) : "";
}
