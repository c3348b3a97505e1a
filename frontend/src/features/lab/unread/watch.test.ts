import { expect, test } from "vitest";
import { whoElse } from "./watch";
import { Presses } from "./watcher";

test("who writes sits at neither pane", () => {
  for (const [first, second, writer] of [
    ["ada", "ada", "ben"],
    ["you", "ben", "ada"],
    ["ada", "ben", "cleo"],
  ] as const) {
    expect(whoElse([{ who: first }, { who: second }])).toBe(writer);
  }
});

test("times are counted from the last press on that chat", () => {
  let now = 10;
  const presses = new Presses(() => now);
  expect(presses.since("a")).toBeNull();
  presses.press("a");
  now = 25;
  expect(presses.since("a")).toBe(15);
  presses.press("a");
  expect(presses.since("a")).toBe(0);
  expect(presses.since("b")).toBeNull();
});
