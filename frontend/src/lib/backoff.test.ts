import { expect, test } from "vitest";
import { backoff } from "./backoff";

test("waits are spread over all that is possible, grow, and stay within half a second and half a minute", () => {
  expect(backoff(0, { random: () => 0 })).toBe(500);
  expect(backoff(0, { random: () => 1 })).toBe(1_000);
  expect(backoff(3, { random: () => 1 })).toBe(8_000);
  expect(backoff(3, { random: () => 0 })).toBe(500);
  expect(backoff(1_000, { random: () => 1 })).toBe(30_000);
});
