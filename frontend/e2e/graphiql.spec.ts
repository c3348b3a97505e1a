import type { Page } from "@playwright/test";
import { Person, password } from "./person";
import { Product } from "./product";
import { expect, signIn, test } from "./test";

let product: Product;
test.beforeAll(async () => {
  product = await Product.start();
});
test.afterAll(() => product.stop());

/** Opens one of the tabs that the explorer begins with. */
async function open(page: Page, tab: string) {
  await page.getByRole("tab", { name: tab }).click();
}

const execute = (page: Page) => page.getByRole("button", { name: "Execute query" }).click();

/** Runs what is in the editor until that is in the answer: GraphiQL takes a moment to know the operation of another tab. */
async function run(page: Page, text: string) {
  await expect(async () => {
    await execute(page);
    await expect.poll(() => answer(page), { timeout: 2_000 }).toContain(text);
  }).toPass({ timeout: 15_000 });
}

/** What came. The editor writes spaces that do not break. */
async function answer(page: Page): Promise<string> {
  const lines = await page.locator(".result-window .view-line").allInnerTexts();
  return lines.join("\n").replaceAll("\u00a0", " ");
}

test("the explorer runs a query, signs in, and shows what a subscription brings", async ({ newPage }) => {
  const [ann, bob] = [await Person.signUp(product.url, "Ann"), await Person.signUp(product.url, "Bob")];
  const chat = await ann.direct(bob);
  const page = await newPage();
  const elsewhere: string[] = [];
  page.on("request", (request) => {
    if (!request.url().startsWith(product.url) && !/^(blob|data):/.test(request.url())) elsewhere.push(request.url());
  });
  await page.goto(`${product.url}/graphql`);
  await run(page, '"health": "ok"');

  await open(page, "Chats");
  await run(page, "UNAUTHENTICATED");
  await page.getByRole("button", { name: "Sign in" }).click();
  const dialog = page.getByRole("dialog", { name: "Sign in" });
  await dialog.getByLabel("User name").fill(ann.username);
  await dialog.getByLabel("Password").fill("not the password");
  await dialog.getByRole("button", { name: "Sign in" }).click();
  await expect(dialog.getByRole("alert")).toHaveText("The name or the password is wrong.");
  await dialog.getByLabel("Password").fill(password);
  await dialog.getByRole("button", { name: "Sign in" }).click();
  await expect(page.getByText(`Signed in: ${ann.id}`)).toBeVisible();
  await run(page, `"username": "${ann.username}"`);

  await open(page, "NewChat");
  await run(page, '"name": "Explored"');

  await open(page, "News");
  const stop = page.getByRole("button", { name: "Stop query" });
  await expect(async () => {
    if (await stop.isHidden()) await execute(page);
    await bob.send(chat, "Have you seen this?");
    await expect.poll(() => answer(page), { timeout: 1_000 }).toContain('"content": "Have you seen this?"');
  }).toPass();
  await stop.click();

  await open(page, "Send");
  await page.getByRole("region", { name: "Variables" }).locator(".view-lines").first().click();
  await page.keyboard.press("ControlOrMeta+a");
  await page.keyboard.insertText(`{"chat": "${chat}"}`);
  await page.keyboard.press("ControlOrMeta+Shift+End"); // the editor closes what was opened
  await page.keyboard.press("Delete");
  await run(page, '"content": "Hello"');

  await page.reload();
  await expect(page.getByText(`Signed in: ${ann.id}`)).toBeVisible();
  const kept = await page.evaluate(() => JSON.stringify({ ...localStorage, ...sessionStorage }));
  expect(kept).not.toMatch(/eyJ|correct horse/);
  await page.getByRole("button", { name: "Sign out" }).click();
  await expect(page.getByText("Nobody is signed in")).toBeVisible();
  expect(elsewhere).toEqual([]);
});

test("whoever is signed in to the UI is signed in to the explorer; the UI loads nothing of it", async ({ newPage }) => {
  const cid = await Person.signUp(product.url, "Cid");
  const page = await newPage();
  const loaded: string[] = [];
  page.on("request", (request) => loaded.push(request.url()));
  await signIn(page, product.url, cid);
  expect(loaded.filter((url) => /graphiql|monaco|editor|worker/i.test(url))).toEqual([]);
  await page.goto(`${product.url}/graphql`);
  await expect(page.getByText(`Signed in: ${cid.id}`)).toBeVisible();
});

test("what is ours in the explorer is in the language of the UI", async ({ newPage }) => {
  const dan = await Person.signUp(product.url, "Dan");
  const page = await newPage({ locale: "de-DE" });
  await page.goto(`${product.url}/graphql`);
  await expect(page.locator(".graphiql-query-editor")).toContainText("führt es aus");
  const who = page.locator(":lang(de)").filter({ hasText: "Niemand ist angemeldet" });
  await who.getByRole("button", { name: "Anmelden" }).first().click();
  const dialog = page.getByRole("dialog", { name: "Anmelden" });
  await dialog.getByLabel("Benutzername oder E-Mail").fill(dan.username);
  await dialog.getByLabel("Passwort").fill("not the password");
  await dialog.getByRole("button", { name: "Anmelden" }).click();
  await expect(dialog.getByRole("alert")).toHaveText("Der Name oder das Passwort ist falsch.");
  await dialog.getByLabel("Passwort").fill(password);
  await dialog.getByRole("button", { name: "Anmelden" }).click();
  await expect(page.getByText(`Angemeldet: ${dan.id}`)).toBeVisible();
  await expect(page.getByRole("button", { name: "Abmelden" })).toBeVisible();
  await expect(page.locator("html")).toHaveAttribute("lang", "en"); // GraphiQL's own texts
});

test("where everybody is believed a name is enough", async ({ newPage }) => {
  const believing = await Product.start("--auth=none");
  try {
    const page = await newPage();
    await page.goto(`${believing.url}/graphql`);
    await page.getByRole("button", { name: "Sign in" }).click();
    const dialog = page.getByRole("dialog", { name: "Sign in" });
    await dialog.getByLabel("User name").fill("dee");
    await dialog.getByRole("button", { name: "Sign in" }).click();
    await expect(page.getByText("Signed in:")).toBeVisible();
    await open(page, "Chats");
    await run(page, '"username": "dee"');
    await page.close(); // its editor may still fetch its workers, and complains of a server that is gone
  } finally {
    await believing.stop();
  }
});
