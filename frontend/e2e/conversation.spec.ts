import type { Page } from "@playwright/test";
import {
  composer,
  contents,
  markRead,
  message,
  messages,
  numbered,
  openChat,
  pick,
  say,
  sayAll,
  unread,
} from "./conversation";
import { Person } from "./person";
import { Product } from "./product";
import { expect, rows, signIn, test } from "./test";

let product: Product;
test.beforeAll(async () => {
  product = await Product.start();
});
test.afterAll(() => product.stop());

/** Ann, Bob and Eve in a group. */
async function group() {
  const [ann, bob, eve] = await Promise.all(["Ann", "Bob", "Eve"].map((name) => Person.signUp(product.url, name)));
  if (!ann || !bob || !eve) throw new Error("nobody signed up");
  return { ann, bob, eve, chat: await ann.group("Lighthouse", [bob, eve]) };
}

async function enter(page: Page, person: Person, chat: string) {
  await signIn(page, product.url, person);
  await openChat(page, product.url, chat);
}

/** The texts of what is shown, without times and ticks. */
async function shown(page: Page): Promise<string[]> {
  return messages(page)
    .locator("p")
    .evaluateAll((all) => all.map((one) => one.firstChild?.textContent ?? ""));
}

test("what one writes, edits and deletes, others see at once", async ({ newPage }) => {
  const { ann, bob, eve, chat } = await group();
  const [a, b, e] = [await newPage(), await newPage(), await newPage()];
  await enter(a, ann, chat);
  await enter(b, bob, chat);
  await enter(e, eve, chat);
  await expect(a.getByText("Nothing here yet")).toBeVisible();
  await say(a, "hello from ann");
  await expect(composer(a)).toHaveValue("");
  await say(b, "hello from bob");
  for (const page of [a, b, e]) {
    await expect(messages(page)).toHaveCount(2);
    expect(await shown(page)).toEqual(["hello from ann", "hello from bob"]);
  }

  await pick(a, "hello from ann", "Edit");
  await a.getByRole("textbox", { name: "Edit message" }).fill("hello, all of you");
  await a.getByRole("textbox", { name: "Edit message" }).press("Enter");
  for (const page of [a, b, e]) await expect(message(page, "hello, all of you")).toContainText("edited");
  await expect(composer(a)).toBeFocused();

  await pick(b, "hello from bob", "Delete");
  await b.getByRole("alertdialog").getByRole("button", { name: "Delete" }).click();
  for (const page of [a, b, e]) await expect(message(page, "This message was deleted")).toBeVisible();
  await a.reload();
  await expect(message(a, "This message was deleted")).toBeVisible();
});

test("keys: a break, the last own message, messages one by one", async ({ newPage }) => {
  const { ann, bob, chat } = await group();
  await sayAll(bob, chat, ["one", "two"]);
  const page = await newPage();
  await enter(page, ann, chat);
  await expect(composer(page)).toBeFocused();
  await composer(page).pressSequentially("first");
  await composer(page).press("Shift+Enter");
  await composer(page).pressSequentially("second");
  await composer(page).press("Enter");
  await expect(message(page, "first\nsecond")).toBeVisible();
  await expect.poll(() => contents(ann, chat)).toEqual(["one", "two", "first\nsecond"]);

  await composer(page).press("ArrowUp");
  await expect(page.getByRole("textbox", { name: "Edit message" })).toHaveValue("first\nsecond");
  await page.keyboard.press("Escape");
  await expect(composer(page)).toBeFocused();

  await page.getByRole("log").focus();
  await page.keyboard.press("ArrowUp");
  await expect(message(page, "second")).toBeFocused();
  await page.keyboard.press("ArrowUp");
  await expect(message(page, "two")).toBeFocused();
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Tab");
  await expect(page.getByRole("button", { name: /Sent|Read by/ })).toBeFocused();
  await page.keyboard.press("Tab");
  await page.keyboard.press("Enter");
  await expect(page.getByRole("menuitem", { name: "Copy text" })).toBeFocused();
});

test("opening a chat asks once for its newest messages, and they wait for nothing else", async ({ newPage }) => {
  const { ann, bob, chat } = await group();
  await sayAll(bob, chat, numbered(1, 70));
  const page = await newPage();
  await signIn(page, product.url, ann);
  await expect(rows(page)).toHaveText([/message 70.*70 unread/]);
  await markRead(ann, await bob.send(chat, "message 71"));
  await expect(rows(page)).toHaveText([/message 71/]);
  await expect(rows(page)).not.toContainText("unread");
  const asked: string[] = [];
  await page.route("**/graphql", (route) => {
    const { operationName } = route.request().postDataJSON();
    asked.push(operationName);
    return operationName === "OpenConversation" ? route.continue() : undefined; // nothing else is ever answered
  });
  await rows(page).click();
  await expect(message(page, "message 71")).toBeInViewport();
  expect(asked[0]).toBe("OpenConversation");
  expect(asked.filter((name) => name === "OpenConversation")).toHaveLength(1);
});

test("what is typed is there although the network does not answer", async ({ newPage }) => {
  const { ann, bob, chat } = await group();
  await sayAll(bob, chat, ["one"]);
  const page = await newPage();
  await enter(page, ann, chat);
  await expect.poll(() => unread(ann, chat)).toBe(0);
  await page.route("**/*", () => undefined); // nothing is ever answered
  await composer(page).pressSequentially("every key is heard at once");
  await expect(composer(page)).toHaveValue("every key is heard at once");
  await composer(page).press("Enter");
  await expect(message(page, "every key is heard at once")).toBeVisible();
  await expect(composer(page)).toHaveValue("");
  await composer(page).pressSequentially("and goes on");
  await expect(composer(page)).toHaveValue("and goes on");
  await page.unroute("**/*");
});

test("a message can be copied, its links lead out safely, and its time is told exactly", async ({ newPage }) => {
  const { ann, bob, chat } = await group();
  await sayAll(bob, chat, ["see **this**: https://example.org/a"]);
  const page = await newPage({ permissions: ["clipboard-read", "clipboard-write"] });
  await enter(page, ann, chat);
  await pick(page, "see this", "Copy text");
  await expect(page.getByText("Copied")).toBeVisible();
  expect(await page.evaluate(() => navigator.clipboard.readText())).toBe("see **this**: https://example.org/a");
  const link = message(page, "see this").getByRole("link");
  await expect(link).toHaveAttribute("href", "https://example.org/a");
  await expect(link).toHaveAttribute("target", "_blank");
  await expect(link).toHaveAttribute("rel", /noopener.*noreferrer|noreferrer/);
  await expect(message(page, "see this").locator("time")).toHaveAttribute("title", /20\d\d.*\d\d:\d\d:\d\d/);
});

test("a draft stays with its chat, over reloads", async ({ newPage }) => {
  const { ann, bob, chat } = await group();
  const other = await ann.direct(bob);
  const page = await newPage();
  await enter(page, ann, chat);
  await composer(page).fill("half a thought");
  await rows(page).filter({ hasText: "Bob" }).click();
  await expect(page.getByRole("heading", { name: "Bob" })).toBeVisible();
  await expect(composer(page)).toHaveValue("");
  await openChat(page, product.url, chat);
  await expect(composer(page)).toHaveValue("half a thought");
  expect(other).not.toBe(chat);
});

test("two tabs have one draft, until either sends it", async ({ newPage }) => {
  const { ann, chat } = await group();
  const one = await newPage();
  await enter(one, ann, chat);
  const two = await one.context().newPage();
  await openChat(two, product.url, chat);
  await composer(one).fill("a long thought");
  await expect(composer(two)).toHaveValue("a long thought");
  await one.goto(`${product.url}/settings`);
  await composer(two).pressSequentially(", to its end");
  await two.goto(`${product.url}/settings`);
  for (const page of [one, two]) {
    await openChat(page, product.url, chat);
    await expect(composer(page)).toHaveValue("a long thought, to its end");
  }
  await composer(one).press("Enter");
  await expect(message(two, "a long thought, to its end")).toBeVisible();
  await two.close({ runBeforeUnload: true });
  await one.reload();
  await expect(message(one, "a long thought, to its end")).toBeVisible();
  await expect(composer(one)).toHaveValue("");
});

test("a message that is being changed stays open, over other chats and reloads, until it is saved or left", async ({
  newPage,
}) => {
  const { ann, bob, chat } = await group();
  await ann.send(chat, "what I said");
  await sayAll(ann, chat, numbered(41, 60));
  await ann.direct(bob);
  const page = await newPage();
  const editor = page.getByRole("textbox", { name: "Edit message" });
  await enter(page, ann, chat);
  await pick(page, "what I said", "Edit");
  await editor.fill("what I mean");
  await rows(page).filter({ hasText: "Bob" }).click();
  await expect(page.getByRole("heading", { name: "Bob" })).toBeVisible();
  await expect(editor).toBeHidden();
  await page.goBack();
  await expect(editor).toHaveValue("what I mean");
  await page.reload();
  await expect(editor).toHaveValue("what I mean");
  await expect(editor).toBeFocused();
  await expect(editor).toBeInViewport();
  await editor.press("Enter");
  await expect(message(page, "what I mean")).toBeInViewport();
  await expect.poll(async () => (await contents(ann, chat))[0]).toBe("what I mean");

  await pick(page, "what I mean", "Edit");
  await editor.fill("something else");
  await editor.press("Escape");
  await page.reload();
  await expect(message(page, "message 60")).toBeInViewport();
  await expect(editor).toBeHidden();
  await pick(page, "what I mean", "Edit");
  await expect(editor).toHaveValue("what I mean");
});

test("a change that is being saved is not lost to another", async ({ newPage }) => {
  const { ann, chat } = await group();
  await sayAll(ann, chat, ["one", "two"]);
  const page = await newPage();
  const editor = page.getByRole("textbox", { name: "Edit message" });
  await enter(page, ann, chat);
  let refuse = () => {};
  const refused = new Promise<void>((resolve) => {
    refuse = resolve;
  });
  await page.route("**/graphql", async (route) => {
    if (route.request().postDataJSON().operationName !== "EditMessage") return route.continue();
    await refused;
    await route.abort();
  });
  await pick(page, "one", "Edit");
  await editor.fill("one, at length");
  await editor.press("Enter");
  await pick(page, "two", "Edit");
  await expect(page.getByText("A change is still being saved.")).toBeVisible();
  refuse();
  await expect(page.getByRole("log").getByRole("alert")).toBeVisible();
  await expect(editor).toHaveValue("one, at length");
  await page.unroute("**/graphql");
  await editor.press("Enter");
  await expect(message(page, "one, at length")).toBeVisible();
  await pick(page, "two", "Edit");
  await expect(editor).toHaveValue("two");
});

test("the limit is told near it, and nothing longer is sent", async ({ newPage }) => {
  const { ann, chat } = await group();
  const page = await newPage();
  await enter(page, ann, chat);
  await composer(page).fill("😀".repeat(19_990));
  await expect(page.getByText("10 characters left")).toBeVisible();
  await composer(page).fill("x".repeat(20_001));
  await expect(page.getByText("1 character too many")).toBeVisible();
  await expect(page.getByRole("button", { name: "Send" })).toBeDisabled();
  await composer(page).fill("x".repeat(20_000));
  await composer(page).press("Enter");
  await expect.poll(async () => (await contents(ann, chat))[0]?.length).toBe(20_000);
});

test("unread messages begin at a line, and are read when they are in sight", async ({ newPage }) => {
  const { ann, bob, chat } = await group();
  await sayAll(bob, chat, numbered(1, 30));
  const [last] = (
    await bob.read<{ messages: { id: string }[] }>("query($id: ID!) { messages(chatId: $id, limit: 1) { id } }", {
      id: chat,
    })
  ).messages;
  await markRead(ann, last?.id ?? "");
  await sayAll(bob, chat, numbered(31, 130));
  const page = await newPage();
  await enter(page, ann, chat);
  await expect(page.getByText("New messages", { exact: true })).toBeInViewport();
  await expect(message(page, "message 31")).toBeInViewport();
  await expect(page.getByRole("button", { name: /new messages/ })).toBeVisible();
  await expect.poll(() => unread(ann, chat)).toBeLessThan(100);
  const afterOpening = await unread(ann, chat);
  expect(afterOpening).toBeGreaterThan(70);
  await expect(rows(page).first()).toContainText(`${afterOpening}`);

  await page.getByRole("button", { name: /new messages/ }).click();
  await expect(message(page, "message 130")).toBeInViewport();
  await expect.poll(() => unread(ann, chat)).toBe(0);
  await expect(page.getByRole("button", { name: /new message|newest/ })).toHaveCount(0);
});

test("what comes while nobody looks is unread until somebody does", async ({ newPage }) => {
  const { ann, bob, chat } = await group();
  await sayAll(bob, chat, ["before"]);
  const page = await newPage();
  await enter(page, ann, chat);
  await expect.poll(() => unread(ann, chat)).toBe(0);
  // The window has no focus: as far as the page can tell.
  await page.evaluate(() => {
    document.hasFocus = () => false;
    window.dispatchEvent(new Event("blur"));
  });
  await bob.send(chat, "are you there?");
  await expect(message(page, "are you there?")).toBeVisible();
  await expect(page.getByText("New messages", { exact: true })).toBeVisible();
  await page.waitForTimeout(1000); // nothing must happen in it
  expect(await unread(ann, chat)).toBe(1);
  await page.evaluate(() => {
    document.hasFocus = () => true;
    window.dispatchEvent(new Event("focus"));
  });
  await expect.poll(() => unread(ann, chat)).toBe(0);
});

test("receipts: waiting, stored, read by some, read by all, and by whom", async ({ newPage }) => {
  const { ann, bob, eve, chat } = await group();
  const page = await newPage();
  await enter(page, ann, chat);
  let release = () => {};
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  await page.route("**/graphql", async (route) => {
    if (route.request().postData()?.includes("createMessage")) await held;
    await route.continue();
  });
  await say(page, "have you seen this?");
  const row = message(page, "have you seen this?");
  await expect(row.getByRole("img", { name: "Sending" })).toBeVisible();
  release();
  await expect(row.getByRole("button", { name: "Sent", exact: true })).toBeVisible();
  const [{ id } = { id: "" }] = (
    await ann.read<{ messages: { id: string }[] }>("query($id: ID!) { messages(chatId: $id) { id } }", { id: chat })
  ).messages;
  await markRead(bob, id);
  await expect(row.getByRole("button", { name: "Read by 1 of 2" })).toBeVisible();
  await markRead(eve, id);
  await row.getByRole("button", { name: "Read by everybody" }).click();
  const card = page.getByRole("dialog", { name: "Read by" });
  await expect(card.getByRole("listitem")).toHaveText([/Bob/, /Eve/]);
  await page.keyboard.press("Escape");
  await expect(row.getByRole("button", { name: "Read by everybody" })).toBeFocused();
});

test("somebody who reads further up stays there", async ({ newPage }) => {
  const { ann, bob, chat } = await group();
  await sayAll(bob, chat, numbered(1, 120));
  const page = await newPage();
  await enter(page, ann, chat);
  await page.getByRole("button", { name: /new messages/ }).click();
  await expect(message(page, "message 120")).toBeInViewport();
  await expect.poll(() => unread(ann, chat)).toBe(0);
  await page.getByRole("log").hover();
  await page.mouse.wheel(0, -1500);
  await expect(page.getByRole("button", { name: "Jump to the newest" })).toBeVisible();
  await page.waitForTimeout(500); // scrolling ends
  const before = await place(page);
  await sayAll(bob, chat, ["new one", "new two"]);
  await expect(page.getByRole("button", { name: "2 new messages" })).toBeVisible();
  expect(await place(page)).toEqual(before);
  expect(await unread(ann, chat)).toBe(2);
  await page.getByRole("button", { name: "2 new messages" }).click();
  await expect(message(page, "new two")).toBeInViewport();
  await expect.poll(() => unread(ann, chat)).toBe(0);
  await bob.send(chat, "new three");
  await expect(message(page, "new three")).toBeInViewport();
});

/** Which message is at the top of what is in sight, and where exactly. */
function place(page: Page) {
  return page.getByRole("log").evaluate((log) => {
    const top = log.getBoundingClientRect().top;
    const row = [...log.querySelectorAll("article")].find((one) => one.getBoundingClientRect().bottom > top);
    const said = row?.querySelector("p")?.firstChild?.textContent ?? "";
    return { said, at: Math.round((row?.getBoundingClientRect().top ?? 0) - top) };
  });
}

test("who is at the end stays there, whatever grows", async ({ newPage }) => {
  const { ann, bob, chat } = await group();
  await sayAll(bob, chat, numbered(1, 60));
  const page = await newPage();
  await enter(page, ann, chat);
  await page.getByRole("button", { name: /new messages/ }).click();
  await expect(message(page, "message 60")).toBeInViewport({ ratio: 0.95 });
  await composer(page).fill("one\ntwo\nthree\nfour\nfive\nsix");
  await expect(message(page, "message 60")).toBeInViewport({ ratio: 0.95 });
  await page.setViewportSize({ width: 700, height: 500 });
  await expect(message(page, "message 60")).toBeInViewport({ ratio: 0.95 });
  await bob.send(chat, `last, with **formatting** and ${"many words ".repeat(60)}`);
  await expect(message(page, "last, with")).toBeInViewport();
  await composer(page).press("Enter");
  await expect(message(page, "one\ntwo")).toBeInViewport({ ratio: 0.95 });
  await page.setViewportSize({ width: 1280, height: 800 });
  await expect(message(page, "one\ntwo")).toBeInViewport({ ratio: 0.95 });
});

test("a history of thousands is scrolled to its beginning without a jump", async ({ newPage }) => {
  test.setTimeout(180_000);
  const { ann, bob, chat } = await group();
  await sayAll(bob, chat, numbered(1, 2100));
  const page = await newPage();
  await enter(page, ann, chat);
  await expect(message(page, "message 2100")).toBeInViewport();
  await page.getByRole("log").hover();
  const number = async () => Number((await place(page)).said.replace("message ", ""));
  let last = await number();
  for (let i = 0; i < 400 && last > 1; i++) {
    await page.mouse.wheel(0, -600);
    await page.waitForTimeout(50);
    const next = await number();
    expect(next, "never back").toBeLessThanOrEqual(last);
    expect(last - next, "never far at once").toBeLessThan(40);
    last = next;
  }
  await expect(page.getByText("This is the beginning.")).toBeVisible();
  expect((await place(page)).said).toBe("message 1");
  expect(await messages(page).count()).toBeLessThan(80);
});

test("who is removed sees nothing of the chat any more, and hears why", async ({ newPage }) => {
  const { ann, bob, chat } = await group();
  await sayAll(ann, chat, ["between us"]);
  const page = await newPage();
  await enter(page, bob, chat);
  await expect(message(page, "between us")).toBeVisible();
  await ann.remove(chat, bob);
  await expect(composer(page)).toHaveCount(0);
  await expect(page.getByText("between us")).toHaveCount(0);
  await sayAll(ann, chat, ["secret"]);
  await expect(page.getByText("secret")).toHaveCount(0);
});
