import { expect, test } from "vitest";
import { kindInWords, PERSONAL_RULES, ruleInWords } from "./words";

test("rules without words of their own are still readable", () => {
  expect(ruleInWords("email")).toBe("e-mail address");
  expect(ruleInWords("GitHubTokenDetector")).toBe("git hub token");
  expect(kindInWords("some_new_kind")).toBe("some new kind");
});

test("guards count every kind of personal data but names", () => {
  expect(PERSONAL_RULES).toContain("iban");
  expect(PERSONAL_RULES).not.toContain("person");
  expect(PERSONAL_RULES).not.toContain("speaks_to_model");
});
