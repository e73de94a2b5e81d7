import { expect, test } from "vitest";
import { askable } from "./names";

test("each key is asked about once, and none that the page knows itself", () => {
  expect(askable(["u:b", "g:a", "u:b", "g:everyone", "u:local", "", "document:x"])).toEqual(["g:a", "u:b"]);
});
