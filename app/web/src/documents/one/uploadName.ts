/** Return the name under which a document was uploaded; null where it came otherwise. */
export function uploadName(uri: string): string | null {
  return uri.startsWith("upload:") ? uri.slice("upload:".length) : null;
}

/** Return the ending of a file's name, such as ".pdf"; what it is read by. */
export function endingOf(name: string): string {
  return /\.[A-Za-z0-9]{1,8}$/.exec(name)?.[0].toLowerCase() ?? "nameless";
}
