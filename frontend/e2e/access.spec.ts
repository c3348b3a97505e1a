import type { Page } from "@playwright/test";
import { obstacles } from "./axe";
import { openChat, pick } from "./conversation";
import { Person } from "./person";
import { Product } from "./product";
import { expect, rows, signIn, test } from "./test";

let product: Product;
let open: Product;
test.beforeAll(async () => {
  [product, open] = await Promise.all([Product.start(), Product.start("--auth=none")]);
});
test.afterAll(() => Promise.all([product.stop(), open.stop()]));

/** The views that the tour of pictures does not come to. */
async function walk(page: Page, look: (view: string) => Promise<void>) {
  const [ann, bob] = [await Person.signUp(product.url, "Ann Arbor"), await Person.signUp(product.url, "Bob Byrne")];
  await page.goto(open.url);
  await expect(page.getByRole("heading", { name: "Join the chat" })).toBeVisible();
  await look("joining");

  await page.route("**/config.json", (route) => route.abort());
  await page.goto(product.url);
  await expect(page.getByRole("heading", { name: "The server does not answer" })).toBeVisible();
  await look("no server");
  await page.unroute("**/config.json");
  await page.goto(product.url);
  await page.getByRole("button", { name: "New here? Create an account" }).click();
  await page.getByLabel("User name").fill("x");
  await page.getByLabel("E-mail").fill("x@example.org");
  await page.getByLabel("Password").fill("short");
  await page.getByRole("button", { name: "Create account" }).click();
  await expect(page.getByText(/at least 8 characters/).first()).toBeVisible();
  await expect(page.getByRole("button", { name: "Create account" })).toBeEnabled();
  await look("signing up, with faults");

  await signIn(page, product.url, ann);
  await expect(page.getByText("No chats yet")).toBeVisible();
  await look("no chats");
  const group = await ann.group("Alpha", [bob], "What it is for");
  await bob.send(group, "hello");
  await bob.direct(ann);
  await expect(rows(page)).toHaveCount(2);
  await page.getByLabel("Search chats and people").fill("bo");
  await expect(rows(page)).toHaveCount(2);
  await look("found");
  await page.getByLabel("Search chats and people").fill("nobody");
  await expect(page.getByText("Nothing is called “nobody”")).toBeVisible();
  await look("nothing found");
  await page.getByLabel("Search chats and people").fill("");

  await page.keyboard.press("Control+k");
  await page.keyboard.type("b");
  await expect(page.getByRole("option").first()).toBeVisible();
  await look("the switcher");
  await page.keyboard.type("nobody");
  await expect(page.getByText("Nothing is called “bnobody”")).toBeVisible();
  await look("the switcher, without a match");
  await page.keyboard.press("Escape");
  await page.keyboard.press("Control+/");
  await expect(page.getByRole("dialog", { name: "Keyboard shortcuts" })).toBeVisible();
  await look("shortcuts");
  await page.keyboard.press("Escape");
  await page.getByRole("button", { name: "New chat" }).click();
  await look("the menu of new chats");
  await page.getByRole("menuitem", { name: "New message" }).click();
  await expect(page.getByRole("dialog").getByRole("listitem").first()).toBeVisible();
  await look("a new message");
  await page.keyboard.press("Escape");

  await openChat(page, product.url, group);
  await ann.send(group, "my own");
  await pick(page, "my own", "Delete");
  await expect(page.getByRole("alertdialog")).toBeVisible();
  await look("a question");
  await page.keyboard.press("Escape");
  await page.getByRole("button", { name: "Details" }).click();
  await page.getByRole("button", { name: "Rename" }).click();
  await look("renaming");
  await page.getByRole("button", { name: "Cancel" }).click();
  await page.getByRole("button", { name: "Add people" }).click();
  await expect(page.getByRole("dialog")).toBeVisible();
  await look("adding people");
  await page.keyboard.press("Escape");

  await page.goto(`${product.url}/c/0199b0e2-0000-7000-8000-000000000000`);
  await expect(page.getByText("There is no such chat")).toBeVisible();
  await look("no such chat");
  await page.goto(`${product.url}/settings`);
  await expect(page.getByText("This session")).toBeVisible();
  await page.getByRole("button", { name: "Remove account" }).click();
  await look("removing the account");
  await page.keyboard.press("Escape");
  await page.context().setOffline(true);
  await expect(page.getByText("You are offline", { exact: false }).first()).toBeVisible();
  await look("offline");
  await page.context().setOffline(false);
}

for (const colorScheme of ["light", "dark"] as const) {
  for (const width of [1280, 360]) {
    test(`nothing on any view keeps anybody out, in ${colorScheme} colours, ${width} wide`, async ({ newPage }) => {
      const page = await newPage({ colorScheme, viewport: { width, height: 740 } });
      const found: string[] = [];
      await walk(page, async (view) => {
        await page.evaluate(() => Promise.all(document.getAnimations().map(({ finished }) => finished)));
        found.push(...(await obstacles(page)).map((one) => `${view}: ${one}`));
        if (process.env.LOOK) {
          const name = view.replace(/\W+/g, "-");
          await page.screenshot({ path: `${process.env.LOOK}/${name}-${width}-${colorScheme}.png` });
        }
      });
      expect(found).toEqual([]);
    });
  }
}
