import { expect, test } from "vitest";
import { accessInWords, accessOf } from "./access";

test("a list that names everyone is for everyone, whoever else it names", () => {
  expect(accessOf(["u:1", "g:everyone"])).toBe("everyone");
  expect(accessInWords(["u:1", "g:everyone"])).toBe("everyone");
  expect(accessOf(["u:1"])).toEqual(["u:1"]);
});

test("a list is said by names, the rest counted", () => {
  const names = { "u:1": "Ada", "g:2": "Legal", "u:3": "Bob" };
  expect(accessInWords(["u:1", "g:2"], names)).toBe("Ada, Legal");
  expect(accessInWords(["u:1", "g:2", "u:3", "u:gone"], names)).toBe("Ada, Bob and 2 more");
  expect(accessInWords([])).toBe("nobody");
  expect(accessInWords(["u:gone"])).toBe("1 person or group");
});
