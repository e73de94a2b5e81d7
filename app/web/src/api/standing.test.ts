import { expect, test } from "vitest";
import { isGone, isOpen } from "./standing";

test("a proxy's answer means that the server is gone, the server's own does not", () => {
  expect(isGone(new Response("Bad gateway", { status: 502, headers: { "Content-Type": "text/html" } }))).toBe(true);
  expect(isGone(new Response("{}", { status: 503, headers: { "Content-Type": "application/problem+json" } }))).toBe(false);
  expect(isGone(new Response("", { status: 404 }))).toBe(false);
});

test("only what needs no session can be asked without one", () => {
  expect(isOpen("/v1/session")).toBe(true);
  expect(isOpen("/v1/sessions")).toBe(false);
});
