// In place of the package of this name, which has the browser read HTML to know what &copy; is: our policy forbids that.
const KNOWN: Record<string, string> = { amp: "&", lt: "<", gt: ">", quot: "\"", apos: "'" };

/** Return the character of a name; false for others, which then stand as they were written. */
export function decodeNamedCharacterReference(name: string): string | false {
  return Object.hasOwn(KNOWN, name) ? (KNOWN[name] ?? false) : false;
}
