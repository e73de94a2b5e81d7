import { expect, test } from "vitest";
import { everyInWords, scheduleInWords, schedulesWith } from "./schedule";

test("a schedule is said in the largest unit that is whole", () => {
  expect(everyInWords(3_600)).toBe("every hour");
  expect(everyInWords(5_400)).toBe("every 90 minutes");
  expect(everyInWords(61)).toBe("every 61 seconds");
  expect(scheduleInWords({ every_s: 86_400, watch: true })).toBe("every day, and soon after a change");
  expect(scheduleInWords({ every_s: null, watch: false })).toBe("only when somebody asks for it");
});

test("a schedule that was set elsewhere stays among the choices", () => {
  expect(schedulesWith(5_400).at(-1)).toEqual({ value: "5400", label: "Every 90 minutes" });
  expect(schedulesWith(3_600).filter(({ value }) => value === "3600")).toHaveLength(1);
});
