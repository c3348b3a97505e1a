import type { Page } from "@playwright/test";
import { payloads } from "../src/features/conversation/payloads";
import { obstacles } from "./axe";
import { composer, contents, message, messages, numbered, openChat, say, sayAll } from "./conversation";
import { Person } from "./person";
import { Product } from "./product";
import { expect, signIn, test } from "./test";

let product: Product;
test.beforeAll(async () => {
  product = await Product.start();
});
test.afterAll(() => product.stop());

async function pair() {
  const [ann, bob] = await Promise.all(["Ann", "Bob"].map((name) => Person.signUp(product.url, name)));
  if (!ann || !bob) throw new Error("nobody signed up");
  return { ann, bob, chat: await ann.group("Lighthouse", [bob]) };
}

async function enter(page: Page, person: Person, chat: string) {
  await signIn(page, product.url, person);
  await openChat(page, product.url, chat);
}

/** Sending does not get through, as if the network lost it, until the returned function is called. */
async function loseSends(page: Page, how: "request" | "answer" = "request") {
  let isLost = true;
  await page.context().route("**/graphql", async (route) => {
    if (!isLost || !route.request().postData()?.includes("createMessage")) return route.continue();
    if (how === "answer") await route.fetch();
    return route.abort("connectionreset");
  });
  return () => {
    isLost = false;
  };
}

const waiting = (page: Page) => page.getByRole("log").getByRole("img", { name: /Waiting to be sent|Sending/ });
const sent = (page: Page) => page.getByRole("log").getByRole("button", { name: /^(Sent|Read by)/ });

test("what is written while the server is killed and started again is sent once, in order", async ({ newPage }) => {
  const { ann, bob, chat } = await pair();
  const [a, b] = [await newPage(), await newPage()];
  await enter(a, ann, chat);
  await enter(b, bob, chat);
  await say(a, "before");
  await expect(message(b, "before")).toBeVisible();
  await product.process.kill();
  for (const text of ["during 1", "during 2", "during 3"]) await say(a, text);
  await expect(waiting(a)).toHaveCount(3);
  await product.process.start();
  await say(a, "after");
  for (const page of [a, b]) await expect(messages(page)).toHaveCount(5, { timeout: 60_000 });
  await expect(sent(a)).toHaveCount(5);
  expect(await contents(ann, chat)).toEqual(["before", "during 1", "during 2", "during 3", "after"]);
});

test("an answer that was lost does not send twice", async ({ newPage }) => {
  const { ann, bob, chat } = await pair();
  const [a, b] = [await newPage(), await newPage()];
  await enter(a, ann, chat);
  await enter(b, bob, chat);
  const restore = await loseSends(a, "answer");
  await say(a, "one");
  await say(a, "two");
  await expect(message(b, "one")).toBeVisible();
  await expect(message(a, "one")).toHaveCount(1);
  restore();
  await expect(sent(a)).toHaveCount(2);
  await expect(messages(b)).toHaveCount(2);
  expect(await contents(ann, chat)).toEqual(["one", "two"]);
});

test("what waits survives a reload and is sent then", async ({ newPage }) => {
  const { ann, chat } = await pair();
  const page = await newPage();
  await enter(page, ann, chat);
  const restore = await loseSends(page);
  for (const text of ["queued 1", "queued 2"]) await say(page, text);
  await expect(waiting(page)).toHaveCount(2);
  await page.reload();
  await expect(waiting(page)).toHaveCount(2);
  await expect(messages(page)).toHaveCount(2);
  expect(await contents(ann, chat)).toEqual([]);
  restore();
  await page.reload();
  await expect(sent(page)).toHaveCount(2);
  expect(await contents(ann, chat)).toEqual(["queued 1", "queued 2"]);
});

test("offline and back: what was written is sent, what was missed is there, nothing twice", async ({ newPage }) => {
  const { ann, bob, chat } = await pair();
  const page = await newPage();
  await enter(page, ann, chat);
  await say(page, "online");
  await expect(sent(page)).toHaveCount(1);
  await page.context().setOffline(true);
  await say(page, "offline 1");
  await say(page, "offline 2");
  await sayAll(bob, chat, numbered(1, 8));
  await expect(waiting(page)).toHaveCount(2);
  await page.context().setOffline(false);
  await expect(sent(page)).toHaveCount(3, { timeout: 40_000 });
  const all = await contents(ann, chat);
  expect(all).toEqual(["online", ...numbered(1, 8), "offline 1", "offline 2"]);
  await expect.poll(() => page.getByRole("log").getByRole("article").count()).toBeGreaterThan(5);
  await expect(message(page, "offline 2")).toHaveCount(1);
});

test("a message that is refused says why, and is sent again or given up", async ({ newPage }) => {
  const { ann, chat } = await pair();
  const page = await newPage();
  await enter(page, ann, chat);
  await page.route("**/graphql", (route) => {
    if (!route.request().postData()?.includes("createMessage")) return route.continue();
    const extensions = { code: "CONFLICT", reason: "CHAT_REMOVED" };
    return route.fulfill({ json: { data: null, errors: [{ message: "No", extensions }] } });
  });
  await say(page, "refused 1");
  await say(page, "refused 2");
  await expect(page.getByText("Not sent: The chat was removed.")).toHaveCount(2);
  await page.reload();
  await expect(page.getByText("Not sent: The chat was removed.")).toHaveCount(2);
  await page.getByRole("button", { name: "Discard" }).first().click();
  await expect(messages(page)).toHaveCount(1);
  await page.unroute("**/graphql");
  await page.getByRole("button", { name: "Send again" }).click();
  await expect(sent(page)).toHaveCount(1);
  expect(await contents(ann, chat)).toEqual(["refused 2"]);
});

const endings = {
  "one was removed from": (chat: string, ann: Person, bob: Person) => ann.remove(chat, bob),
  "was deleted": (chat: string, ann: Person) => ann.removeChat(chat),
};
for (const [what, end] of Object.entries(endings)) {
  test(`what was written into a chat that ${what} is not lost, and can be copied and given up`, async ({ newPage }) => {
    const { ann, bob, chat } = await pair();
    const page = await newPage({ permissions: ["clipboard-read", "clipboard-write"] });
    await enter(page, bob, chat);
    const restore = await loseSends(page);
    await say(page, "last words");
    await say(page, "and more");
    await expect(waiting(page)).toHaveCount(2);
    await end(chat, ann, bob);
    await expect(page.getByRole("heading", { name: /You are no longer in|was deleted/ })).toBeVisible();
    restore();
    await expect(page.getByRole("heading", { name: "2 messages were not sent" })).toBeVisible();

    await page.goto(product.url); // the chat is in no list any more
    await page.getByRole("link", { name: "2 messages were not sent" }).click();
    const unsent = page.getByRole("region", { name: "2 messages were not sent" });
    await expect(unsent.getByRole("listitem")).toHaveText([/last words/, /and more/]);
    expect(await obstacles(page)).toEqual([]);
    await unsent.getByRole("button", { name: "Copy text" }).first().click();
    await expect.poll(() => page.evaluate(() => navigator.clipboard.readText())).toBe("last words");
    for (const left of [1, 0]) {
      await page.getByRole("button", { name: "Discard" }).first().click();
      await expect(page.getByRole("button", { name: "Discard" })).toHaveCount(left);
    }
    await expect(page.getByText(/not sent/)).toHaveCount(0);
    await page.reload();
    await expect(page.getByText(/There is no such chat|was deleted/)).toBeVisible();
    await expect(page.getByText(/not sent/)).toHaveCount(0);
  });
}

test("two tabs share what waits, and each message is sent once", async ({ newPage }) => {
  const { ann, chat } = await pair();
  const one = await newPage();
  await enter(one, ann, chat);
  const two = await one.context().newPage();
  await openChat(two, product.url, chat);
  const restore = await loseSends(one);
  await say(one, "from one");
  await expect(message(two, "from one")).toBeVisible();
  await say(two, "from two");
  await expect(message(one, "from two")).toBeVisible();
  await expect(waiting(one)).toHaveCount(2);
  restore();
  for (const page of [one, two]) await expect(sent(page)).toHaveCount(2, { timeout: 40_000 });
  expect(await contents(ann, chat)).toEqual(["from one", "from two"]);
  await one.close();
  await say(two, "alone");
  await expect(sent(two)).toHaveCount(3);
});

test("more missed than is replayed: the chat is read anew, and never looks empty meanwhile", async ({ newPage }) => {
  test.setTimeout(240_000);
  const { ann, bob, chat } = await pair();
  await sayAll(bob, chat, numbered(1, 40));
  const page = await newPage();
  let resyncs = 0;
  page.on("websocket", (socket) =>
    socket.on("framereceived", ({ payload }) => {
      if (String(payload).includes("RESYNC_REQUIRED")) resyncs++;
    }),
  );
  await enter(page, ann, chat);
  await page.getByRole("button", { name: /new messages/ }).click();
  await expect(message(page, "message 40")).toBeInViewport();
  await page.context().setOffline(true);
  await sayAll(bob, chat, numbered(41, 10_100));
  await page.evaluate(() => {
    const watch = { fewest: 1000 };
    Object.assign(window, { watch });
    const look = () => {
      watch.fewest = Math.min(watch.fewest, document.querySelectorAll("article").length);
      requestAnimationFrame(look);
    };
    look();
  });
  await page.context().setOffline(false);
  await expect(message(page, "message 10100")).toBeInViewport({ timeout: 40_000 });
  expect(resyncs).toBe(1);
  expect(await page.evaluate(() => (window as unknown as { watch: { fewest: number } }).watch.fewest)).toBeGreaterThan(
    3,
  );
  await bob.send(chat, "and live again");
  await expect(message(page, "and live again")).toBeInViewport();
  await say(page, "so am I");
  await expect(sent(page)).toHaveCount(1);
});

test("what attackers write only stands there", async ({ newPage }) => {
  const { ann, bob, chat } = await pair();
  for (const text of payloads) await bob.send(chat, text);
  const page = await newPage();
  const strangers: string[] = [];
  const dialogs: string[] = [];
  page.on("dialog", (dialog) => {
    dialogs.push(dialog.message());
    void dialog.dismiss();
  });
  page.on("request", (request) => {
    if (!request.url().startsWith(product.url) && !/^(data|blob):/.test(request.url())) strangers.push(request.url());
  });
  await enter(page, ann, chat);
  await expect(message(page, "alert(1)").first()).toBeVisible();
  await page.getByRole("log").hover();
  for (let i = 0; i < 40; i++) {
    await page.mouse.wheel(0, 500);
    await page.waitForTimeout(50);
  }
  await expect(message(page, payloads.at(-1) ?? "")).toBeVisible();
  for (const text of payloads) await say(page, text);
  await expect(sent(page).first()).toBeVisible();
  await expect.poll(() => contents(ann, chat).then((all) => all.length)).toBe(2 * payloads.length);
  expect(dialogs).toEqual([]);
  expect(strangers).toEqual([]);
  expect(await page.getByRole("log").locator("script, iframe, img, style, form, base, svg:not(.lucide)").count()).toBe(
    0,
  );
  await expect(composer(page)).toBeVisible();
});

test("who has too many tabs open is told so, and is let in when one is closed", async ({ newPage }) => {
  const limited = await Product.start("--rate-limits=on");
  try {
    const ann = await Person.signUp(limited.url, "Ann");
    const [close] = await Promise.all(Array.from({ length: 10 }, () => ann.connect()));
    const page = await newPage();
    await signIn(page, limited.url, ann);
    await expect(page.getByText(/in too many tabs/)).toBeVisible();
    close?.();
    await expect
      .poll(async () => {
        const again = page.getByRole("button", { name: "Try now" });
        if (await again.isVisible()) await again.click({ timeout: 1000 }).catch(() => undefined); // or by itself
        return page.getByText("Connected").isVisible();
      })
      .toBe(true);
    await expect(page.getByText(/in too many tabs/)).toHaveCount(0);
  } finally {
    await limited.stop();
  }
});
