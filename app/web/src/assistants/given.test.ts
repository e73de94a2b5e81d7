import { expect, test } from "vitest";
import { begun, bodyOf, changesOf, faultOf, givenOf, isWhole, usersOf, type Assistant } from "./given";

const TEAM: Assistant = {
  id: "7", name: "People team", description: "Leave and pay.", collection: "default", questions: ["Who approves leave?"], model: "attune/assistant/People team",
  managed: true, instructions: "Be brief.", instructions_used: true, access: ["u:2", "g:1"], created_at: "2026-01-01T00:00:00Z", updated_at: "2026-01-01T00:00:00Z",
};

test("a new one searches a collection of whoever makes it", () => {
  expect(begun(["contracts", "default"]).collection).toBe("default");
  expect(begun(["contracts"]).collection).toBe("contracts");
  expect(begun([]).collection).toBe(null);
});

test("questions that are empty or said twice are not sent", () => {
  expect(bodyOf({ ...begun([]), questions: [" Who? ", "", "Who?", "  "] }).questions).toEqual(["Who?"]);
});

test("only what was changed is sent", () => {
  expect(changesOf(TEAM, givenOf(TEAM))).toEqual({});
  expect(changesOf(TEAM, { ...givenOf(TEAM), description: "Leave. ", access: ["g:1", "u:2"] })).toEqual({ description: "Leave." });
  expect(changesOf(TEAM, { ...givenOf(TEAM), collection: null, questions: [], access: "everyone" })).toEqual({ collection: null, questions: [], access: "everyone" });
});

test("a name has no slash, and somebody may use it", () => {
  expect(faultOf("a/b")).not.toBe(null);
  expect(isWhole({ ...begun([]), name: "a/b" })).toBe(false);
  expect(isWhole({ ...begun([]), name: "  " })).toBe(false);
  expect(isWhole({ ...begun([]), name: "a", access: [] })).toBe(false);
  expect(isWhole({ ...begun([]), name: "a" })).toBe(true);
});

test("who may use one is said with the collection's readers in mind", () => {
  expect(usersOf({ access: ["g:everyone"], collection: "default" }, {})).toBe("everyone who may read the collection");
  expect(usersOf({ access: ["g:everyone"], collection: null }, {})).toBe("everyone");
  expect(usersOf({ access: ["u:1"], collection: null }, { "u:1": "you" })).toBe("you");
});
