import { expect, test } from "vitest";
import { parsed, type ServerEvent } from "./events";

async function* pieces(text: string, size: number) {
  for (let n = 0; n < text.length; n += size) yield text.slice(n, n + size);
}

async function all(text: string, size: number): Promise<ServerEvent[]> {
  const events: ServerEvent[] = [];
  for await (const event of parsed(pieces(text, size))) events.push(event);
  return events;
}

test.each([1, 2, 7, 1000])("events are the same however the stream is cut (%i)", async (size) => {
  const text = ': waiting\n\nevent: token\ndata: {"text": "a: b\\n\\nc"}\n\nevent: done\ndata: {}\n\n';
  expect(await all(text, size)).toEqual([
    { name: "token", data: { text: "a: b\n\nc" } },
    { name: "done", data: {} },
  ]);
});

test("what is not whole is no event", async () => {
  expect(await all('event: token\ndata: {"text": "half', 5)).toEqual([]);
});
