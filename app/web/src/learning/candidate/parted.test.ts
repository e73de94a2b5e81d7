import { expect, test } from "vitest";
import { parted } from "./parted";

test("questions gain, lose, or stay as they were", () => {
  expect(parted([0.5, 0.1, 0, 0, -0.3])).toEqual({ better: 2, worse: 1, same: 2 });
});
