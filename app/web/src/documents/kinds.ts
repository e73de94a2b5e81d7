const KINDS: [string, string][] = [
  ["application/pdf", "PDF"],
  ["application/vnd.openxmlformats-officedocument.wordprocessingml", "Word"],
  ["application/msword", "Word"],
  ["application/vnd.openxmlformats-officedocument.spreadsheetml", "Excel"],
  ["application/vnd.ms-excel", "Excel"],
  ["application/vnd.openxmlformats-officedocument.presentationml", "PowerPoint"],
  ["application/vnd.ms-powerpoint", "PowerPoint"],
  ["application/vnd.oasis.opendocument.text", "OpenDocument text"],
  ["application/vnd.oasis.opendocument.spreadsheet", "OpenDocument sheet"],
  ["application/vnd.oasis.opendocument.presentation", "OpenDocument slides"],
  ["application/epub+zip", "E-book"],
  ["application/json", "JSON"],
  ["application/rtf", "Rich text"],
  ["message/rfc822", "E-mail"],
  ["application/vnd.ms-outlook", "E-mail"],
  ["text/html", "Web page"],
  ["application/xhtml+xml", "Web page"],
  ["text/markdown", "Markdown"],
  ["text/csv", "Table"],
  ["text/tab-separated-values", "Table"],
  ["text/plain", "Text"],
  ["image/", "Picture"],
  ["text/", "Text"],
];

/** Say a media type as people do. */
export function kindOf(mediaType: string): string {
  const known = KINDS.find(([start]) => mediaType.toLowerCase().startsWith(start));
  return known?.[1] ?? mediaType.replace(/^[a-z]+\/(vnd\.|x-)?/, "");
}

/** Return where a document came from in words: the name of the upload, the path of the file, or the address. */
export function placeOf(uri: string): string {
  const [, scheme, rest] = /^([a-z0-9+.-]+):(.*)$/is.exec(uri) ?? [];
  if (scheme === "upload") return rest ?? uri;
  if (scheme !== "file") return uri;
  const path = (rest ?? "").replace(/^\/\/[^/]*/, "");
  try {
    return decodeURIComponent(path);
  } catch {
    return path; // a percent sign that stands for itself
  }
}
