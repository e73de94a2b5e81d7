import { expect, test } from "vitest";
import { kindOf, placeOf } from "./kinds";

test("kinds are said in words, unknown ones by what is left of them", () => {
  expect(kindOf("application/pdf")).toBe("PDF");
  expect(kindOf("image/png")).toBe("Picture");
  expect(kindOf("application/vnd.acme.plan")).toBe("acme.plan");
});

test("a place is what people know of it", () => {
  expect(placeOf("upload:Annual leave.pdf")).toBe("Annual leave.pdf");
  expect(placeOf("file:///srv/hand%20book/a.md")).toBe("/srv/hand book/a.md");
  expect(placeOf("file:///srv/100%.md")).toBe("/srv/100%.md");
  expect(placeOf("https://example.org/a?b=%20")).toBe("https://example.org/a?b=%20");
});
