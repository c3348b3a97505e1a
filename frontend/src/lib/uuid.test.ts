import { expect, test } from "vitest";
import { uuidMaker } from "./uuid";

test("is a UUID of version 7 with the time in front", () => {
  const id = uuidMaker(() => 0x0123456789ab)();
  expect(id).toMatch(/^01234567-89ab-7000-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
});

test("ascends within a millisecond, beyond its counter, and when the clock goes back", () => {
  let now = 1_800_000_000_000;
  const make = uuidMaker(() => now);
  const ids: string[] = [];
  for (let i = 0; i < 5000; i++) ids.push(make());
  now -= 60_000;
  ids.push(make());
  expect(ids).toEqual(ids.toSorted());
  expect(new Set(ids).size).toBe(ids.length);
});
