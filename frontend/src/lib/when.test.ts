import { expect, test } from "vitest";
import { when } from "./when";

const now = new Date(2026, 10, 26, 15, 30); // a Thursday

test.each([
  [new Date(2026, 10, 26, 9, 5), "09:05"],
  [new Date(2026, 10, 25, 23, 59), "yesterday"],
  [new Date(2026, 10, 21, 12, 0), "Sat"],
  [new Date(2026, 10, 19, 12, 0), "19 Nov"],
  [new Date(2025, 11, 31, 12, 0), "31 Dec 2025"],
  [new Date(2026, 10, 27, 0, 5), "27 Nov"], // of a clock that is ahead
])("%s is %s", (moment, text) => {
  expect(when(moment.toISOString(), now, "en-GB")).toBe(text);
});
