import { expect, test } from "vitest";

/** The floors, from the top: a file imports from its own part or from floors below, and one feature not from another. */
const floors = ["app", "features", "api", "ui", "lib"];

const sources = import.meta.glob<string>(["./**/*.{ts,tsx}", "!./**/*.test.{ts,tsx}"], {
  query: "?raw",
  import: "default",
  eager: true,
});

function imports(path: string, source: string): string[] {
  const base = new URL(path, "file:///");
  return [...source.matchAll(/from "(\.[^"]+)"/g)].map(([, to]) => `.${new URL(to ?? "", base).pathname}`);
}

function floorOf(path: string): number {
  return floors.indexOf(path.split("/")[1] ?? "");
}

test("imports point down", () => {
  for (const [path, source] of Object.entries(sources)) {
    expect(floorOf(path), path).toBeGreaterThanOrEqual(0);
    for (const to of imports(path, source)) {
      expect(floorOf(to), `${path} imports ${to}`).toBeGreaterThanOrEqual(floorOf(path));
      if (path.startsWith("./features/") && to.startsWith("./features/")) {
        expect(to.split("/")[2], `${path} imports ${to}`).toBe(path.split("/")[2]);
      }
    }
  }
});
