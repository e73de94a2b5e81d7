// The evaluation that runs: it lasts minutes, so it outlives the page one began it on, and ends with the browser tab.
import { useSyncExternalStore } from "react";
import { Problem, type Schemas } from "@/api/client";
import { streamed, type ServerEvent } from "@/api/events";
import { refresh } from "@/api/queryClient";

export type Asked = Schemas["EvaluationBody"];

export interface Running {
  state: "running" | "done" | "failed" | "stopped";
  set: string;
  stage: string;
  done: number;
  total: number;
  /** Of the report, once it is kept. */
  runId: string | null;
  failure: string;
}

type Stream = (asked: Asked, signal: AbortSignal) => AsyncIterable<ServerEvent>;

const overHttp: Stream = (body, signal) => streamed("POST", "/v1/evaluations", { body, signal });

const EVERY_MS = 200;

/** Follows one evaluation at a time, whoever looks. */
export class Evaluator {
  private now: Running | null = null;
  private stopping: AbortController | null = null;
  private told = 0;
  private readonly listeners = new Set<() => void>();

  constructor(private readonly ask: Stream = overHttp) {}

  current = (): Running | null => this.now;

  subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  async begin(asked: Asked): Promise<void> {
    if (this.now?.state === "running") return;
    const stopping = new AbortController();
    this.stopping = stopping;
    this.now = { state: "running", set: asked.set, stage: "", done: 0, total: 0, runId: null, failure: "" };
    this.tell({});
    try {
      for await (const event of this.ask(asked, stopping.signal)) this.take(event);
      if (this.now.state === "running") this.tell({ state: "failed", failure: "The connection ended before the evaluation did." });
    } catch (error) {
      if (stopping.signal.aborted) this.tell({ state: "stopped" });
      else this.tell({ state: "failed", failure: error instanceof Problem ? error.message : "The connection to the server broke." });
    }
  }

  stop = (): void => this.stopping?.abort();

  /** Put away what ended. */
  dismiss = (): void => {
    if (this.now?.state === "running") return;
    this.now = null;
    this.tell({});
  };

  private take({ name, data }: ServerEvent): void {
    if (!isRecord(data)) return;
    if (name === "progress") {
      // Many come in a second; nobody reads as fast, and drawing each keeps the page from being used.
      if (Date.now() - this.told < EVERY_MS && data["done"] !== data["total"]) return;
      this.told = Date.now();
      this.tell({ stage: String(data["stage"]), done: Number(data["done"]), total: Number(data["total"]) });
    } else if (name === "done") {
      const provenance = data["provenance"];
      this.tell({ state: "done", runId: isRecord(provenance) ? String(provenance["id"]) : null });
    } else if (name === "error") {
      this.tell({ state: "failed", failure: String(data["detail"]) });
    }
  }

  private tell(news: Partial<Running>): void {
    if (this.now) this.now = { ...this.now, ...news };
    for (const listener of this.listeners) listener();
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}

const evaluator = new Evaluator();

export function useRunning() {
  const running = useSyncExternalStore(evaluator.subscribe, evaluator.current);
  const begin = async (asked: Asked) => {
    await evaluator.begin(asked);
    await refresh("/v1/evaluations");
  };
  return { running, begin, stop: evaluator.stop, dismiss: evaluator.dismiss };
}
