import { expect, test } from "vitest";
import { argumentsOf, emptyOf, fieldsOf, isComplete } from "./schema";

const SCHEMA = {
  required: ["path"],
  properties: {
    include: { type: "array", items: { type: "string" }, default: [], description: "Only these." },
    path: { type: "string", description: "The folder." },
    depth: { type: "integer", minimum: 0, maximum: 50, default: 2 },
    secret: { anyOf: [{ type: "string" }, { type: "null" }], default: null },
    load: { type: "object" },
  },
};

test("a schema becomes fields, what is needed first", () => {
  const fields = fieldsOf(SCHEMA);
  expect(fields.map(({ name, kind, required }) => [name, kind, required])).toEqual([
    ["path", "text", true], ["include", "texts", false], ["depth", "number", false], ["secret", "text", false], ["load", "object", false],
  ]);
  expect(fields[2]).toMatchObject({ whole: true, least: 0, most: 50 });
  expect(fields.map(emptyOf)).toEqual(["", [], 2, "", {}]);
});

test("what is empty is left to its default, and what is needed must be there", () => {
  const fields = fieldsOf(SCHEMA);
  expect(argumentsOf(fields, { path: "/srv", include: [], depth: "", secret: "" })).toEqual({ path: "/srv", include: [] });
  expect(isComplete(fields, { path: "/srv" })).toBe(true);
  expect(isComplete(fields, { path: "" })).toBe(false);
  expect(isComplete(fields, { path: "/srv", load: "{ no object" })).toBe(false);
});
