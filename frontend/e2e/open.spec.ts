import { Person, unique } from "./person";
import { Product } from "./product";
import { expect, rows, test } from "./test";

let product: Product;
test.beforeAll(async () => {
  product = await Product.start("--auth=none");
});
test.afterAll(() => product.stop());

test("joining with a new name, coming back with it, and two people in one browser", async ({ newPage }) => {
  const bob = await Person.join(product.url, "Bob Byrne");
  const name = unique("ann");
  const page = await newPage();
  await page.goto(product.url);
  await page.getByLabel("User name").fill(name);
  await page.getByRole("button", { name: "Join" }).click();
  await expect(page.getByLabel("E-mail")).toHaveAttribute("aria-invalid", "true");
  await page.getByLabel("E-mail").fill(`${name}@example.org`);
  await page.getByLabel("Display name").fill("Ann Arbor");
  await page.getByRole("button", { name: "Join" }).click();
  await expect(page.getByRole("button", { name: "Your account: Ann Arbor" })).toBeVisible();
  await page.reload();
  await expect(page.getByRole("button", { name: "Your account: Ann Arbor" })).toBeVisible();

  const second = await page.context().newPage();
  await second.goto(product.url);
  await second.getByLabel("User name").fill(bob.username);
  await second.getByRole("button", { name: "Join" }).click();
  await expect(second.getByRole("button", { name: "Your account: Bob Byrne" })).toBeVisible();

  await page.getByRole("button", { name: "New chat" }).click();
  await page.getByRole("menuitem", { name: "New message" }).click();
  await page.getByLabel("Search people").fill(bob.username);
  await page.getByRole("button", { name: `Bob Byrne @${bob.username}` }).click();
  await expect(page.getByRole("heading", { name: "Bob Byrne" })).toBeVisible();
  await expect(rows(second)).toHaveText([/Ann Arbor/]);

  await page.getByRole("button", { name: "Your account: Ann Arbor" }).click();
  await page.getByRole("menuitem", { name: "Sign out" }).click();
  await expect(page.getByRole("heading", { name: "Join the chat" })).toBeVisible();
  await expect(second.getByRole("button", { name: "Your account: Bob Byrne" })).toBeVisible();
});
