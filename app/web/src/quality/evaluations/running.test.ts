import { expect, test } from "vitest";
import { Problem } from "@/api/client";
import type { ServerEvent } from "@/api/events";
import { Evaluator } from "./running";

const ASKED = { set: "handbook", kind: "answers" as const };

function telling(...events: ServerEvent[]) {
  return async function* () {
    yield* events;
  };
}

test("an evaluation tells how far it is, and which run it became", async () => {
  const evaluator = new Evaluator(telling(
    { name: "progress", data: { stage: "asking", done: 3, total: 12 } },
    { name: "done", data: { provenance: { id: "abcd" } } },
  ));
  const seen: (number | undefined)[] = [];
  evaluator.subscribe(() => seen.push(evaluator.current()?.done));
  await evaluator.begin(ASKED);
  expect(seen).toEqual([0, 3, 3]);
  expect(evaluator.current()).toMatchObject({ state: "done", runId: "abcd", total: 12 });
});

test("of progress that comes at once only the first and the last is told", async () => {
  const evaluator = new Evaluator(telling(...[1, 2, 3, 4].map((done) => ({ name: "progress", data: { stage: "asking", done, total: 4 } }))));
  const seen: (number | undefined)[] = [];
  evaluator.subscribe(() => seen.push(evaluator.current()?.done));
  await evaluator.begin(ASKED);
  expect(seen).toEqual([0, 1, 4, 4]);
});

test("an error of the stream is told in the server's words", async () => {
  const evaluator = new Evaluator(telling({ name: "error", data: { status: 409, detail: "another evaluation is running" } }));
  await evaluator.begin(ASKED);
  expect(evaluator.current()).toMatchObject({ state: "failed", failure: "another evaluation is running" });
});

test("a refusal before the stream, and a stream that breaks off, are failures", async () => {
  const refused = new Evaluator(async function* () {
    yield* [];
    throw new Problem(404, "Not found", "no golden set");
  });
  await refused.begin(ASKED);
  expect(refused.current()).toMatchObject({ state: "failed", failure: "no golden set" });
  const broken = new Evaluator(telling());
  await broken.begin(ASKED);
  expect(broken.current()?.state).toBe("failed");
});

test("one that was stopped is no failure, and can be put away", async () => {
  const evaluator = new Evaluator(async function* (_asked, signal) {
    yield { name: "progress", data: { stage: "asking", done: 1, total: 2 } };
    evaluator.stop();
    signal.throwIfAborted();
  });
  await evaluator.begin(ASKED);
  expect(evaluator.current()?.state).toBe("stopped");
  evaluator.dismiss();
  expect(evaluator.current()).toBeNull();
});
