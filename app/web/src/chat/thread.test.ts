import { expect, test } from "vitest";
import type { Answer } from "./attempt";
import { turnOf, turnsOf, withTurn, type Pages, type Turn } from "./thread";

const ANSWER: Answer = {
  answer: "27", abstained: false, confidence: 1, citations: [], nearest: [], sentences: [], removed: 0, guards: [], degraded: false,
  generator: "extractive", interaction_id: "x", searched: "", timings_ms: {},
};
const turn = (id: string): Turn => ({ ...turnOf(ANSWER, id), interaction_id: id });
const page = (...ids: string[]) => ({ id: "c", title: "t", created_at: "", updated_at: "", turns: ids.map(turn), before: ids[0] ?? null });
// Two pages were read: c and d are the newest, a and b the ones before.
const PAGES: Pages = { pages: [page("c", "d"), page("a", "b")], pageParams: [null, "c"] };
const ids = (pages: Pages) => turnsOf(pages).map(({ interaction_id }) => interaction_id);

test("turns stand in the order in which they were asked", () => {
  expect(ids(PAGES)).toEqual(["a", "b", "c", "d"]);
});

test("a new answer comes last", () => {
  expect(ids(withTurn(PAGES, turn("e"), null))).toEqual(["a", "b", "c", "d", "e"]);
});

test("what an answer replaces leaves with all that came after it, in whichever page it stands", () => {
  expect(ids(withTurn(PAGES, turn("e"), "d"))).toEqual(["a", "b", "c", "e"]);
  expect(ids(withTurn(PAGES, turn("e"), "c"))).toEqual(["a", "b", "e"]);
  const early = withTurn(PAGES, turn("e"), "b");
  expect(ids(early)).toEqual(["a", "e"]);
  expect(early.pageParams).toEqual([null]);
  expect(early.pages[0]?.before).toBe("a");
});
