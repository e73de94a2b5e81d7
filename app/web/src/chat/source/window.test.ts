import { expect, test } from "vitest";
import { windowed } from "./window";

test("a short text is there whole, and the mark counts code points", () => {
  const around = windowed("😀😀 Roses are red.", 3, 8, 100, 100);
  expect(around).toEqual({ before: "😀😀 ", marked: "Roses", after: " are red.", more: { above: false, below: false } });
});

test("a long text is cut at lines around the mark", () => {
  const line = `${"x".repeat(49)}\n`;
  const text = `${line.repeat(10)}MARK\n${line.repeat(10)}`;
  const around = windowed(text, 500, 504, 120, 120);
  expect(around.before).toBe(line.repeat(2));
  expect(around.marked).toBe("MARK");
  expect(around.after).toBe(`\n${line.repeat(2).trimEnd()}`);
  expect(around.more).toEqual({ above: true, below: true });
});

test("a text without lines is cut between characters", () => {
  const faces = "😀".repeat(2_000);
  const around = windowed(faces, 1_000, 1_001, 501, 501);
  expect(around.before).toBe("😀".repeat(250));
  expect(around.after).toBe("😀".repeat(251));
});

test("millions of characters take no time to speak of", () => {
  const text = "word ".repeat(1_000_000);
  const around = windowed(text, 4_999_990, 4_999_994, 3_000, 3_000);
  expect(around.marked).toBe("word");
  expect(around.before.length).toBeLessThan(3_001);
});
