import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "@playwright/test";

const dist = join(import.meta.dirname, "../dist");
const budget = 260 * 1024;

test("what the first page loads of scripts is within 260 KB, compressed", () => {
  const page = readFileSync(join(dist, "index.html"), "utf8");
  const names = [...page.matchAll(/(?:src|href)="\/([^"]+\.js)"/g)].map(([, name]) => name ?? "");
  expect(names.some((name) => name.startsWith("assets/index-"))).toBe(true);
  const sizes = names.map((name) => ({ name, bytes: compressed(name) }));
  const whole = sizes.reduce((sum, { bytes }) => sum + bytes, 0);
  console.log(`${(whole / 1024).toFixed(0)} KB of ${budget / 1024} KB`);
  expect(whole, JSON.stringify(sizes)).toBeLessThan(budget);
});

/** As gzip has it, the worse of the two; small files are not compressed. */
function compressed(name: string): number {
  const path = join(dist, name);
  return statSync(`${path}.gz`, { throwIfNoEntry: false })?.size ?? statSync(path).size;
}
