import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import type { Page } from "@playwright/test";

const source = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
/** On a phone the list of chats is all there is: a navigation, and nothing beside it. */
const rules = { region: { enabled: false }, "landmark-one-main": { enabled: false } };
const tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];

interface Violation {
  id: string;
  nodes: { html: string }[];
}

/**
 * What keeps people from using what is shown, by the rules of WCAG 2.2 AA. The policy lets no script in from outside, so axe is
 * run as one of the test's own.
 */
export async function obstacles(page: Page): Promise<string[]> {
  await page.evaluate(source);
  const violations = await page.evaluate(
    async (options) => {
      type Axe = { run(root: Document, options: object): Promise<{ violations: Violation[] }> };
      const { axe } = window as unknown as { axe: Axe };
      return (await axe.run(document, options)).violations;
    },
    { runOnly: tags, rules },
  );
  return violations.flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html.slice(0, 200)}`));
}
