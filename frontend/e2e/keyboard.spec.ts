import type { Page } from "@playwright/test";
import { composer, message, numbered, openChat, sayAll } from "./conversation";
import { Person, password, unique } from "./person";
import { Product } from "./product";
import { expect, rows, signIn, test } from "./test";

let product: Product;
test.beforeAll(async () => {
  product = await Product.start();
});
test.afterAll(() => product.stop());

/** Goes on with the Tab key until what has the focus is called so. */
async function tabTo(page: Page, name: string | RegExp, key: "Tab" | "Shift+Tab" = "Tab") {
  const passed: string[] = [];
  for (let i = 0; i < 40; i++) {
    await page.keyboard.press(key);
    const found = await focused(page);
    if (typeof name === "string" ? found === name : name.test(found)) return;
    passed.push(found);
  }
  throw new Error(`the Tab key does not come to ${name}, but to ${passed.join(", ")}`);
}

/** What has the focus, as a screen reader names it. */
function focused(page: Page): Promise<string> {
  return page.evaluate(() => {
    const one = document.activeElement;
    if (!one || one === document.body) return "";
    const labels = one instanceof HTMLInputElement ? [...(one.labels ?? [])].map((label) => label.textContent) : [];
    return (one.getAttribute("aria-label") ?? labels[0] ?? one.textContent ?? "").trim();
  });
}

async function signUp(page: Page, displayName: string): Promise<string> {
  const username = unique(displayName);
  await page.goto(product.url);
  await expect(page.getByRole("heading", { name: "Sign in" })).toBeVisible();
  await tabTo(page, "New here? Create an account");
  await page.keyboard.press("Enter");
  for (const [label, text] of [
    ["User name", username],
    ["E-mail", `${username}@example.org`],
    ["Display name", displayName],
    ["Password", password],
  ] as const) {
    if ((await focused(page)) !== label) await tabTo(page, label);
    await page.keyboard.type(text);
  }
  await page.keyboard.press("Enter");
  await expect(page.getByRole("button", { name: `Your account: ${displayName}` })).toBeVisible();
  return username;
}

test("without a mouse: from signing up to seeing that one's message was read", async ({ newPage }) => {
  const [anns, bobs] = [await newPage(), await newPage()];
  await signUp(anns, "Ann Arbor");
  const bob = await signUp(bobs, "Bob Byrne");

  await anns.keyboard.press("Control+k");
  await anns.keyboard.type(bob);
  await expect(anns.getByRole("option", { name: "Bob Byrne" })).toBeVisible();
  await anns.keyboard.press("Enter");
  await expect(composer(anns)).toBeFocused();
  await anns.keyboard.type("Can you read this?");
  await anns.keyboard.press("Enter");
  await expect(message(anns, "Can you read this?").getByRole("button", { name: "Sent" })).toBeVisible();

  await expect(rows(bobs)).toHaveText([/Ann Arbor.*1 unread message/]);
  await bobs.keyboard.press("Alt+ArrowDown");
  await expect(message(bobs, "Can you read this?")).toBeVisible();
  await expect(composer(bobs)).toBeFocused();
  await bobs.keyboard.type("Yes.");
  await bobs.keyboard.press("Enter");

  await expect(message(anns, "Yes.")).toBeVisible();
  await expect(anns.locator("[aria-live=polite]")).toHaveText("Bob Byrne: Yes.");
  await tabTo(anns, "Messages", "Shift+Tab");
  await anns.keyboard.press("ArrowUp");
  await anns.keyboard.press("ArrowUp");
  await expect(message(anns, "Can you read this?")).toBeFocused();
  await tabTo(anns, "Read by everybody");
  await anns.keyboard.press("Enter");
  await expect(anns.getByRole("dialog", { name: "Read by" }).getByRole("listitem")).toHaveText(/Bob Byrne/);
  await anns.keyboard.press("Escape");
  await expect.poll(() => focused(anns)).toBe("Read by everybody");
});

test("the list of shortcuts: shown by a key, or from the menu, and the focus comes back", async ({ newPage }) => {
  const ann = await Person.signUp(product.url, "Ann");
  const page = await newPage();
  await signIn(page, product.url, ann);
  const list = page.getByRole("dialog", { name: "Keyboard shortcuts" });
  await page.keyboard.press("?");
  await expect(list).toBeVisible();
  await page.keyboard.press("Control+k"); // one window at a time
  await expect(page.getByRole("dialog")).toHaveCount(1);
  await page.keyboard.press("Escape");
  await expect(list).toBeHidden();

  const account = page.getByRole("button", { name: /Your account/ });
  await account.focus();
  await page.keyboard.press("Enter");
  await page.getByRole("menuitem", { name: "Keyboard shortcuts" }).focus();
  await page.keyboard.press("Enter");
  await expect(list).toBeVisible();
  await page.keyboard.press("Escape");
  await expect(account).toBeFocused();

  await page.keyboard.press("Enter");
  await page.getByRole("menuitem", { name: "Settings" }).focus();
  await page.keyboard.press("Enter");
  await expect(page.getByRole("heading", { name: "Settings" })).toBeFocused();
  const single = page.getByRole("radiogroup", { name: "Shortcuts of a single key" });
  await single.getByRole("radio", { name: "On" }).focus();
  await page.keyboard.press("ArrowRight");
  await page.keyboard.press("Control+/");
  await expect(list).toBeVisible();
  await page.keyboard.press("Escape");
  await page.getByRole("heading", { name: "Settings" }).focus();
  await page.keyboard.press("?");
  await expect(page.getByRole("dialog")).toHaveCount(0);
});

test("the focus is where one left: the chat in the list, the button of the details, the message", async ({
  newPage,
}) => {
  const ann = await Person.signUp(product.url, "Ann");
  for (const name of ["Alpha", "Beta"]) await ann.group(name, []);
  const page = await newPage({ viewport: { width: 360, height: 740 } });
  await signIn(page, product.url, ann);
  await rows(page).filter({ hasText: "Alpha" }).focus();
  await page.keyboard.press("Enter");
  await expect(composer(page)).toBeFocused();
  await tabTo(page, "Details", "Shift+Tab");
  await page.keyboard.press("Enter");
  await tabTo(page, "Rename");
  await page.keyboard.press("Escape");
  await expect(page.getByRole("button", { name: "Details" })).toBeFocused();
  await tabTo(page, "Back to the chats", "Shift+Tab");
  await page.keyboard.press("Enter");
  await expect(rows(page).filter({ hasText: "Alpha" })).toBeFocused();
  await page.keyboard.press("Control+k");
  await page.keyboard.press("Escape");
  await expect(rows(page).filter({ hasText: "Alpha" })).toBeFocused();
});

test("keys in a history: the ends, and a deletion that is not wanted after all", async ({ newPage }) => {
  const ann = await Person.signUp(product.url, "Ann");
  const chat = await ann.group("Alpha", []);
  await sayAll(ann, chat, ["the first", ...numbered(1, 30), "the last"]);
  const page = await newPage();
  await signIn(page, product.url, ann);
  await openChat(page, product.url, chat);
  await expect(message(page, "the last")).toBeVisible();
  await tabTo(page, "Messages", "Shift+Tab");
  await page.keyboard.press("Home");
  await expect(message(page, "the first")).toBeFocused();
  await page.keyboard.press("End");
  await expect(message(page, "the last")).toBeFocused();
  await tabTo(page, "More about this message");
  await page.keyboard.press("Enter");
  await page.keyboard.press("End");
  await page.keyboard.press("Enter");
  await expect(page.getByRole("alertdialog")).toBeVisible();
  await page.keyboard.press("Escape");
  await expect(message(page, "the last").getByRole("button", { name: "More about this message" })).toBeFocused();
});

test("what comes first leads past a long list", async ({ newPage }) => {
  const ann = await Person.signUp(product.url, "Ann");
  const chat = await ann.group("Alpha", []);
  const page = await newPage();
  await signIn(page, product.url, ann);
  await openChat(page, product.url, chat);
  await tabTo(page, "Skip the list of chats", "Shift+Tab");
  await expect(page.getByRole("button", { name: "Skip the list of chats" })).toBeInViewport();
  await page.keyboard.press("Enter");
  await tabTo(page, "Details");
});
