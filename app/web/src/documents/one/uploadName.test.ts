import { expect, test } from "vitest";
import { endingOf, uploadName } from "./uploadName";

test("only what was uploaded has the name of an upload", () => {
  expect(uploadName("upload:a: b.md")).toBe("a: b.md");
  expect(uploadName("file:///srv/upload:b.md")).toBeNull();
});

test("endings are compared without capitals", () => {
  expect(endingOf("Plan.PDF")).toBe(".pdf");
  expect(endingOf("README")).toBe("nameless");
});
