import { expect, test } from "vitest";
import { codePoints, remaining } from "./content";

test("counts code points, not halves of them", () => {
  expect(codePoints("a😀é")).toBe(3);
});

test("says what is left only near the end, after trimming as the server does", () => {
  expect(remaining("x".repeat(18_000))).toBeNull();
  expect(remaining("x".repeat(19_500))).toBe(500);
  expect(remaining("😀".repeat(20_001))).toBe(-1);
  expect(remaining(`  ${"x".repeat(20_000)}\n`)).toBe(0);
  expect(remaining("😀".repeat(10_000))).toBeNull();
});
