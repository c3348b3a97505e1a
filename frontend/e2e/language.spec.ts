import { obstacles } from "./axe";
import { message, messages, openChat } from "./conversation";
import { Person, password } from "./person";
import { Product } from "./product";
import { expect, rows, signIn, test } from "./test";

let product: Product;
test.beforeAll(async () => {
  product = await Product.start();
});
test.afterAll(() => product.stop());

test("the pages speak the browser's language, or the one that is chosen, which they keep", async ({ newPage }) => {
  const [ann, bob] = [await Person.signUp(product.url, "Ann"), await Person.signUp(product.url, "Bob")];
  const chat = await bob.group("Leuchtturm", [ann]);
  await bob.send(chat, "Moin");
  const page = await newPage({ locale: "de-DE" });
  await page.goto(product.url);
  await expect(page.getByRole("heading", { name: "Anmelden" })).toBeVisible();
  await expect(page.locator("html")).toHaveAttribute("lang", "de");
  await page.getByLabel("Benutzername oder E-Mail").fill(ann.username);
  await page.getByLabel("Passwort").fill(password);
  await page.getByRole("button", { name: "Anmelden" }).click();
  await expect(page.getByRole("link")).toContainText("1 ungelesene Nachricht");
  await page.getByRole("link").click();
  await expect(page.getByRole("heading", { name: "Heute" })).toBeVisible();
  await expect(page.getByText("2 Mitglieder")).toBeVisible();

  await page.goto(`${product.url}/settings`);
  await page.getByRole("radio", { name: "English" }).check();
  await expect(page.getByRole("heading", { name: "Settings" })).toBeVisible();
  await page.reload();
  await expect(page.getByRole("heading", { name: "Settings" })).toBeVisible();
  await page.getByRole("radiogroup", { name: "Language" }).getByRole("radio", { name: "System" }).check();
  await expect(page.getByRole("heading", { name: "Einstellungen" })).toBeVisible();
  expect(await obstacles(page)).toEqual([]);
});

test("where texts run from right to left everything stands on the other side", async ({ newPage }) => {
  const [ann, bob] = [await Person.signUp(product.url, "Ann"), await Person.signUp(product.url, "Bob")];
  const chat = await ann.group("Lighthouse", [bob]);
  await ann.send(chat, "mine");
  await bob.send(chat, "theirs");
  const page = await newPage({ viewport: { width: 1280, height: 800 } });
  await page.addInitScript(() => localStorage.setItem("chat.language", "mirrored"));
  await signIn(page, product.url, ann);
  await openChat(page, product.url, chat);
  await expect(messages(page)).toHaveCount(2);
  await expect(page.locator("html")).toHaveAttribute("dir", "rtl");
  const left = async (text: string) => (await message(page, text).locator("p").boundingBox())?.x ?? Number.NaN;
  expect(await left("mine")).toBeLessThan(await left("theirs"));
  const [list, log] = await Promise.all([rows(page).boundingBox(), page.getByRole("log").boundingBox()]);
  expect(list?.x).toBeGreaterThan(log?.x ?? Number.NaN);
  expect(await obstacles(page)).toEqual([]);
});
