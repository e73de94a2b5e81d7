import { useSyncExternalStore } from "react";
import { Problem } from "@/api/client";
import { refresh } from "@/api/queryClient";
import { IN_PARTS_BYTES, nextBatch, sharedOut } from "./batches";
import type { Picked } from "./dropped";
import { giveUp, sendForm, sendInParts, type Destination } from "./transfer";

export interface Upload extends Picked {
  id: number;
  to: Destination;
  state: "waiting" | "sending" | "sent" | "failed";
  sentBytes: number;
  reason: string;
  runId: string | null;
}

/** Files on their way to the server, one request at a time. It outlives the page that began it, so that one may look elsewhere meanwhile. */
class UploadQueue {
  private uploads: readonly Upload[] = [];
  private readonly listeners = new Set<() => void>();
  private made = 0;
  private csrf = "";
  private busy = false;
  private stopping: AbortController | null = null;

  readonly all = (): readonly Upload[] => this.uploads;

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  add(files: Picked[], to: Destination, csrf: string): void {
    this.csrf = csrf;
    const added = files.map((picked): Upload => {
      this.made += 1;
      return { ...picked, id: this.made, to, state: "waiting", sentBytes: 0, reason: "", runId: null };
    });
    this.set([...this.uploads, ...added]);
    void this.work();
  }

  again(id: number, csrf: string): void {
    this.csrf = csrf;
    this.change([id], { state: "waiting", reason: "" });
    void this.work();
  }

  /** Leave a file out. Those that were on their way with it are sent again without it. */
  cancel(id: number): void {
    const upload = this.uploads.find((one) => one.id === id);
    if (!upload || upload.state === "sent") return;
    this.set(this.uploads.filter((one) => one.id !== id));
    if (upload.state === "sending") this.stopping?.abort();
    void giveUp(upload, upload.to, this.csrf);
  }

  /** Forget what has arrived. */
  clear(): void {
    this.set(this.uploads.filter(({ state }) => state === "waiting" || state === "sending"));
  }

  private async work(): Promise<void> {
    if (this.busy) return;
    this.busy = true;
    try {
      for (let batch = this.next(); batch.length > 0; batch = this.next()) await this.send(batch);
    } finally {
      this.busy = false;
    }
  }

  private next(): Upload[] {
    const waiting = this.uploads.filter(({ state }) => state === "waiting");
    const together = waiting.filter(({ to }) => to === waiting[0]?.to);
    return together.slice(0, nextBatch(together.map(({ name, file }) => ({ name, size: file.size }))));
  }

  private async send(batch: Upload[]): Promise<void> {
    const [first] = batch;
    if (!first) return;
    const ids = batch.map(({ id }) => id);
    this.stopping = new AbortController();
    this.change(ids, { state: "sending", reason: "" });
    const onProgress = (share: number) => this.told(batch, share);
    const sending = { signal: this.stopping.signal, csrf: this.csrf, onProgress };
    try {
      const inParts = first.file.size > IN_PARTS_BYTES;
      const runId = inParts ? await sendInParts(first, first.to, sending) : await sendForm(batch, first.to, sending);
      this.change(ids, { state: "sent", runId });
      for (const { id, file } of batch) this.change([id], { sentBytes: file.size });
      void refresh("/v1/ingestions");
    } catch (error) {
      if (this.stopping.signal.aborted) this.change(ids, { state: "waiting", sentBytes: 0 });
      else this.change(ids, { state: "failed", reason: error instanceof Problem ? error.message : "It could not be read." });
    }
  }

  private told(batch: Upload[], share: number): void {
    const sent = new Map(sharedOut(share, batch.map(({ file }) => file.size)).map((n, at) => [batch[at]?.id, n]));
    this.set(this.uploads.map((one) => (sent.has(one.id) ? { ...one, sentBytes: sent.get(one.id) ?? 0 } : one)));
  }

  private change(ids: number[], changes: Partial<Upload>): void {
    this.set(this.uploads.map((one) => (ids.includes(one.id) ? { ...one, ...changes } : one)));
  }

  private set(uploads: readonly Upload[]): void {
    this.uploads = uploads;
    const underWay = uploads.some(({ state }) => state === "waiting" || state === "sending");
    if (underWay) window.addEventListener("beforeunload", asksFirst);
    else window.removeEventListener("beforeunload", asksFirst);
    for (const listener of this.listeners) listener();
  }
}

function asksFirst(event: Event): void {
  event.preventDefault();
}

export const uploadQueue = new UploadQueue();

/** The files on their way, and those that arrived. */
export function useUploads(): readonly Upload[] {
  return useSyncExternalStore(uploadQueue.subscribe, uploadQueue.all);
}
