import { expect, test } from "vitest";
import { flag } from "./flag";

test("a flag is what it was set to last", () => {
  const here = flag(false);
  here.set(true);
  here.set(true);
  expect(here.get()).toBe(true);
});
