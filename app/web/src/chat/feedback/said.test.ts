import { expect, test } from "vitest";
import { bodyOf, saidIn, withChunk, withReason, withVerdict } from "./said";

const NOTHING = saidIn(null);

test("a thumb is set with one press and taken back with the next", () => {
  const down = withReason(withVerdict(NOTHING, "down"), "outdated");
  expect(bodyOf(down)).toMatchObject({ verdict: "down", reasons: ["outdated"] });
  expect(bodyOf(withVerdict(down, "down"))).toBeNull();
});

test("reasons belong to a thumb down", () => {
  expect(withVerdict(withReason(withVerdict(NOTHING, "down"), "unclear"), "up")).toMatchObject({ verdict: "up", reasons: [] });
});

test("a source is right or wrong, never both", () => {
  const wrong = withChunk(withChunk(NOTHING, "a", "right"), "a", "wrong");
  expect(wrong).toMatchObject({ rightChunks: [], wrongChunks: ["a"] });
  expect(bodyOf(withChunk(wrong, "a", "wrong"))).toBeNull();
});

test("what was said elsewhere stays said", () => {
  const said = saidIn({
    id: "f", interaction_id: "i", principal_id: "p", given_at: "", verdict: null, reasons: [], answer: "27", evidence: null,
    right_documents: ["d"], wrong_documents: [], right_chunks: [], wrong_chunks: [], preferred_over: "o", approved_by: null, refused_by: null,
  });
  expect(bodyOf(withVerdict(said, "down"))).toMatchObject({ verdict: "down", answer: "27", right_documents: ["d"], preferred_over: "o" });
});
