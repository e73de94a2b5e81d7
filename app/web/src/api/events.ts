// Server-sent events of a response that is no GET, which the browser's own EventSource cannot ask for.
import { send } from "./client";

export interface ServerEvent {
  name: string;
  data: unknown;
}

/** Read events as they come. A line that is no field is a comment and skipped. */
export async function* parsed(pieces: AsyncIterable<string>): AsyncGenerator<ServerEvent> {
  let pending = "";
  for await (const piece of pieces) {
    const whole = (pending + piece).split("\n\n");
    pending = whole.pop() ?? "";
    for (const event of whole) {
      let name = "message";
      const data: string[] = [];
      for (const line of event.split("\n")) {
        const [, field, value] = /^(\w+): ?(.*)$/s.exec(line) ?? [];
        if (field === "event") name = value ?? "";
        if (field === "data") data.push(value ?? "");
      }
      if (data.length > 0) yield { name, data: JSON.parse(data.join("\n")) as unknown };
    }
  }
}

async function* textOf(body: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      yield decoder.decode(value, { stream: true });
    }
  } finally {
    void reader.cancel().catch(() => undefined); // whoever stops reading ends the work on the server
  }
}

/** Ask for a stream of events. Throws a `Problem` when the server refuses; aborting the signal ends the work. */
export async function* streamed(
  method: "GET" | "POST",
  path: string,
  options: { body?: unknown; signal?: AbortSignal } = {},
): AsyncGenerator<ServerEvent> {
  const headers: Record<string, string> = { Accept: "text/event-stream" };
  if (options.body !== undefined) headers["Content-Type"] = "application/json";
  const init: RequestInit = { method, headers };
  if (options.body !== undefined) init.body = JSON.stringify(options.body);
  if (options.signal) init.signal = options.signal;
  const response = await send(new Request(new URL(path, location.origin), init));
  if (response.body) yield* parsed(textOf(response.body));
}
