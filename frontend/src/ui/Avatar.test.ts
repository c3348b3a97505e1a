import { expect, test } from "vitest";
import { hueOf, initials } from "./Avatar";

test.each([
  ["Ann Arbor", "AA"],
  ["ann", "A"],
  ["  jean-luc  de la Tour ", "JT"],
  ["élodie", "É"],
  ["🦊 fox", "F"],
  ["...", ""],
  ["", ""],
])("%s is %s", (name, letters) => {
  expect(initials(name)).toBe(letters);
});

test("ids that have much in common have hues of their own", () => {
  const hues = Array.from({ length: 48 }, (_, n) => hueOf(`0199c7a1-0000-7000-8000-0000000000${n + 10}`));
  expect(new Set(hues).size).toBeGreaterThan(15);
  expect(hueOf("a")).toBe(hueOf("a"));
});
