import { type BrowserContext, type BrowserContextOptions, test as base, expect, type Page } from "@playwright/test";
import { type Person, password } from "./person";

/** Pages of somebody, in a browser of their own; what they complain of fails the test. */
export const test = base.extend<{ newPage: (options?: BrowserContextOptions) => Promise<Page> }>({
  newPage: async ({ browser }, use) => {
    const contexts: BrowserContext[] = [];
    const complaints: string[] = [];
    await use(async (options) => {
      const context = await browser.newContext(options);
      contexts.push(context);
      await context.addInitScript(tellViolations);
      context.on("page", (page) => watch(page, complaints));
      return context.newPage();
    });
    for (const context of contexts) await context.close();
    expect(complaints, "what the pages complain of").toEqual([]);
  },
});

/** What the content policy forbids, also where the browser does not write it. It runs in the pages. */
function tellViolations() {
  document.addEventListener("securitypolicyviolation", ({ violatedDirective, blockedURI, sourceFile }) =>
    console.error(`the content policy (${violatedDirective}) is broken by ${blockedURI} in ${sourceFile}`),
  );
}

/** Answers that are refused, and servers that are away, are part of the tests; everything else is a fault. */
function watch(page: Page, complaints: string[]) {
  page.on("pageerror", (error) => complaints.push(error.stack || String(error)));
  page.on("console", (message) => {
    if (message.type() !== "error") return;
    const text = message.text();
    if (/Failed to load resource|WebSocket connection to .* failed|net::ERR_/.test(text)) return;
    complaints.push(text);
  });
}

/** Signs somebody in through the page. */
export async function signIn(page: Page, url: string, person: Pick<Person, "username">) {
  await page.goto(url);
  await page.getByLabel("User name or e-mail").fill(person.username);
  await page.getByLabel("Password").fill(password);
  await page.getByRole("button", { name: "Sign in" }).click();
  await expect(page.getByRole("navigation", { name: "Chats" })).toBeVisible();
}

/** The chats in the list, as they are read: the name, the preview, how much is unread. */
export function rows(page: Page) {
  return page.getByRole("navigation", { name: "Chats" }).getByRole("link");
}

export { expect };
