import { expect, test } from "vitest";
import { Problem } from "@/api/client";
import { answerOf, begun, heard, isBusy } from "./attempt";

const WISH = { question: "How much leave?", replaces: null, collection: null, assistant: null };
const told = (events: [string, unknown][]) => events.reduce((attempt, [name, data]) => heard(attempt, { name, data }), begun(WISH));

test("pieces become the text, in the order in which they came", () => {
  const attempt = told([["retrieval", { passages: [{}, {}], searched: "leave" }], ["token", { text: "27 " }], ["token", { text: "days" }]]);
  expect(attempt).toMatchObject({ phase: "answering", passages: 2, searched: "leave", text: "27 days" });
  expect(isBusy(attempt)).toBe(true);
});

test("a recoverable error voids what was told, and keeps the question", () => {
  const sentence = { start: 0, end: 2, verdict: "supported", citations: [], missing: [] };
  const attempt = told([["token", { text: "28" }], ["verdict", sentence], ["error", { recoverable: true, detail: "x" }], ["token", { text: "27" }]]);
  expect(attempt).toMatchObject({ text: "27", sentences: [], wish: WISH });
});

test("an error that is the end is thrown in the server's words", () => {
  const end: [string, unknown] = ["error", { recoverable: false, status: 503, title: "Too busy", detail: "Wait." }];
  expect(() => told([end])).toThrow(new Problem(503, "Too busy", "Wait."));
});

test("what is no answer is none", () => {
  expect(answerOf({ name: "done", data: { answer: "27" } })).toBeNull();
  expect(answerOf({ name: "token", data: {} })).toBeNull();
});
