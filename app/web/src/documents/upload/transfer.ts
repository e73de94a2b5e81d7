// Sends files with progress, which fetch cannot tell of: small ones in a form, large ones in parts (tus.io).
import { Problem } from "@/api/client";
import type { Access } from "../access/access";
import type { Picked } from "./dropped";

export interface Destination {
  collection: string;
  /** Null leaves it as it is: new documents are for everyone who may read the collection. */
  access: Access | null;
  metadata: Record<string, string> | null;
}

interface Sending {
  signal: AbortSignal;
  csrf: string;
  onProgress: (share: number) => void;
}

const PART_BYTES = 8 * 2 ** 20;
const LEAST_PART_BYTES = 256 * 2 ** 10;
const TRIES = 5;
const TUS = { "Tus-Resumable": "1.0.0" };

/** Send small files as one form. Returns the id of the run that takes them in. */
export async function sendForm(files: Picked[], to: Destination, sending: Sending): Promise<string> {
  const form = new FormData();
  for (const { name, file } of files) form.append("files", file, name);
  form.append("collection", to.collection);
  form.append("wait", "false");
  if (to.access !== null) form.append("access", typeof to.access === "string" ? to.access : JSON.stringify(to.access));
  if (to.metadata !== null) form.append("metadata", JSON.stringify(to.metadata));
  const { text } = await asked("POST", "/v1/documents", { body: form, ...sending });
  const run: unknown = JSON.parse(text);
  if (typeof run === "object" && run !== null && "id" in run && typeof run.id === "string") return run.id;
  throw new Problem(0, "No run", "The server took the files but named no run.");
}

/** Send a large file in parts, from where an earlier try broke off. Returns the id of its run. */
export async function sendInParts({ name, file }: Picked, to: Destination, sending: Sending): Promise<string> {
  const place = (await begunBefore(name, file, to, sending)) ?? (await begin(name, file, to, sending));
  const total = Math.max(1, file.size);
  let { offset } = place;
  let size = PART_BYTES;
  let failures = 0;
  for (let run = place.run; ; ) {
    if (run) {
      forget(name, file, to);
      return run;
    }
    try {
      const onProgress = (share: number) => sending.onProgress((offset + share * Math.min(size, file.size - offset)) / total);
      const part = { ...TUS, "Content-Type": "application/offset+octet-stream", "Upload-Offset": String(offset) };
      const answer = await asked("PATCH", place.url, { ...sending, onProgress, headers: part, body: file.slice(offset, offset + size) });
      offset = Number(answer.header("Upload-Offset"));
      run = answer.header("Attune-Run");
      failures = 0;
    } catch (error) {
      failures += 1;
      if (sending.signal.aborted || !(error instanceof Problem) || failures > TRIES || !mendable(error, size)) throw error;
      if (error.status === 413) size = Math.max(LEAST_PART_BYTES, size / 4);
      else await pause(error.retryAfterS ?? 2 ** failures, sending.signal);
      ({ offset, run } = await arrived(place.url, sending));
    }
  }
}

// What passes: a broken connection, a server that restarts or is busy, a part that had arrived after all.
function mendable({ status }: Problem, size: number): boolean {
  if (status === 413) return size > LEAST_PART_BYTES;
  return status === 0 || status === 409 || status === 423 || status === 429 || status === 460 || status >= 500;
}

interface Place {
  url: string;
  offset: number;
  run: string | null;
}

async function begin(name: string, file: File, to: Destination, sending: Sending): Promise<Place> {
  const said: Record<string, string> = { filename: name, collection: to.collection };
  if (to.access !== null) said["access"] = typeof to.access === "string" ? to.access : JSON.stringify(to.access);
  if (to.metadata !== null) said["metadata"] = JSON.stringify(to.metadata);
  const pairs = Object.entries(said).map(([key, value]) => `${key} ${base64(value)}`);
  const headers = { ...TUS, "Upload-Length": String(file.size), "Upload-Metadata": pairs.join(",") };
  const answer = await asked("POST", "/v1/uploads", { ...sending, headers });
  const url = answer.header("Location");
  if (!url) throw new Problem(0, "No upload", "The server began no upload.");
  remember(name, file, to, url);
  return { url, offset: 0, run: answer.header("Attune-Run") };
}

async function begunBefore(name: string, file: File, to: Destination, sending: Sending): Promise<Place | null> {
  const url = sessionStorage.getItem(mark(name, file, to));
  if (!url) return null;
  try {
    return { url, ...(await arrived(url, sending)) };
  } catch (error) {
    if (!(error instanceof Problem) || (error.status !== 404 && error.status !== 410)) throw error;
    forget(name, file, to);
    return null; // it has expired
  }
}

async function arrived(url: string, sending: Sending): Promise<{ offset: number; run: string | null }> {
  const answer = await asked("HEAD", url, { ...sending, headers: TUS });
  return { offset: Number(answer.header("Upload-Offset")), run: answer.header("Attune-Run") };
}

/** Give up what was sent of a file in parts. */
export async function giveUp({ name, file }: Picked, to: Destination, csrf: string): Promise<void> {
  const url = sessionStorage.getItem(mark(name, file, to));
  if (!url) return;
  forget(name, file, to);
  await asked("DELETE", url, { csrf, headers: TUS, signal: new AbortController().signal, onProgress: () => undefined }).catch(() => undefined);
}

const mark = (name: string, { size, lastModified }: File, to: Destination) =>
  `upload ${JSON.stringify([to.collection, to.access, to.metadata, name, size, lastModified])}`;
const remember = (name: string, file: File, to: Destination, url: string) => sessionStorage.setItem(mark(name, file, to), url);
const forget = (name: string, file: File, to: Destination) => sessionStorage.removeItem(mark(name, file, to));

function base64(text: string): string {
  return btoa(String.fromCodePoint(...new TextEncoder().encode(text)));
}

interface Asked extends Sending {
  headers?: Record<string, string>;
  body?: FormData | Blob;
}

interface Answer {
  text: string;
  header: (name: string) => string | null;
}

function asked(method: string, url: string, { signal, csrf, onProgress, headers = {}, body }: Asked): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    const stop = () => request.abort();
    request.open(method, url);
    for (const [name, value] of Object.entries({ ...headers, "X-CSRF-Token": csrf })) request.setRequestHeader(name, value);
    request.upload.addEventListener("progress", ({ loaded, total }) => onProgress(total > 0 ? loaded / total : 0));
    request.addEventListener("load", () => {
      signal.removeEventListener("abort", stop);
      if (request.status >= 200 && request.status < 300)
        resolve({ text: request.responseText, header: (name) => request.getResponseHeader(name) });
      else reject(refusal(request));
    });
    request.addEventListener("error", () => reject(new Problem(0, "No answer", "The connection broke off.")));
    request.addEventListener("abort", () => reject(new Problem(0, "Stopped", "It was stopped.")));
    signal.addEventListener("abort", stop, { once: true });
    if (signal.aborted) return reject(new Problem(0, "Stopped", "It was stopped."));
    request.send(body ?? null);
  });
}

function refusal(request: XMLHttpRequest): Problem {
  const after = Number(request.getResponseHeader("Retry-After"));
  let detail = `The server answered ${request.status}.`;
  let title = "Not taken";
  try {
    const body: unknown = JSON.parse(request.responseText);
    if (typeof body === "object" && body !== null) {
      if ("detail" in body && typeof body.detail === "string") detail = body.detail;
      if ("title" in body && typeof body.title === "string") title = body.title;
    }
  } catch {
    // A proxy in between speaks for itself.
  }
  return new Problem(request.status, title, detail, after > 0 ? after : null);
}

function pause(s: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, s * 1000);
    signal.addEventListener("abort", () => { clearTimeout(timer); resolve(); }, { once: true });
  });
}
