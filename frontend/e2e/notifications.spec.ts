import type { BrowserContext, Page } from "@playwright/test";
import { obstacles } from "./axe";
import { message, openChat } from "./conversation";
import { Person } from "./person";
import { Product } from "./product";
import { expect, rows, signIn, test } from "./test";

let product: Product;
test.beforeAll(async () => {
  product = await Product.start();
});
test.afterAll(() => product.stop());

/** What the browser shows, as "title: text", by the worker's own account of it. */
function shown(page: Page): Promise<string[]> {
  return page.evaluate(async () => {
    const registration = await navigator.serviceWorker.ready;
    return (await registration.getNotifications()).map(({ title, body }) => `${title}: ${body}`).toSorted();
  });
}

/** The browser has no other window to look at: the page believes that it is behind one. */
async function look(page: Page, isSeen: boolean) {
  await page.evaluate((isHidden) => {
    Object.defineProperty(document, "visibilityState", {
      get: () => (isHidden ? "hidden" : "visible"),
      configurable: true,
    });
    document.hasFocus = () => !isHidden;
    document.dispatchEvent(new Event("visibilitychange"));
  }, !isSeen);
}

/** How many tabs wait to be the one that notifies. It runs in a page. */
async function waitingTabs(): Promise<number | undefined> {
  const { pending } = await navigator.locks.query();
  return pending?.filter(({ name }) => name?.startsWith("chat.notifier.")).length;
}

/** Clicks the notification whose text that is, as the system does. */
async function click(context: BrowserContext, text: string) {
  const [worker] = context.serviceWorkers();
  await worker?.evaluate(async (wanted) => {
    const scope = self as unknown as ServiceWorkerGlobalScope;
    const notification = (await scope.registration.getNotifications()).find(({ body }) => body === wanted);
    if (!notification) throw new Error("it is not shown");
    scope.dispatchEvent(new NotificationEvent("notificationclick", { notification }));
  }, text);
}

/** The browser is told never to ask. */
async function deny(page: Page) {
  const devtools = await page.context().newCDPSession(page);
  const { targetInfo } = await devtools.send("Target.getTargetInfo");
  const browser = await page.context().browser()?.newBrowserCDPSession();
  await browser?.send("Browser.setPermission", {
    permission: { name: "notifications" },
    setting: "denied",
    browserContextId: targetInfo.browserContextId,
  });
}

async function scene(newPage: (options?: object) => Promise<Page>) {
  const [ann, bob] = [await Person.signUp(product.url, "Ann"), await Person.signUp(product.url, "Bob Byrne")];
  const [team, direct] = [await ann.group("Team", [bob]), await bob.direct(ann)];
  const page = await newPage({ serviceWorkers: "allow", permissions: ["notifications"] });
  await signIn(page, product.url, ann);
  await page.evaluate(() => navigator.serviceWorker.ready);
  return { ann, bob, team, direct, page };
}

test("who looks elsewhere is told of what others write, the newest of each chat, and comes to it", async ({
  newPage,
}) => {
  const { ann, bob, team, direct, page } = await scene(newPage);
  await page.getByRole("button", { name: "Turn on" }).click();
  await expect(page.getByRole("button", { name: "Turn on" })).toBeHidden();
  await bob.send(team, "while she looks");
  await expect(rows(page).first()).toContainText("while she looks");
  expect(await shown(page)).toEqual([]);

  await look(page, false);
  await bob.send(team, "first");
  await expect.poll(() => shown(page)).toEqual(["Team: Bob Byrne: first"]);
  await bob.send(team, "**second**");
  const gone = await bob.send(direct, "wrong");
  await expect.poll(() => shown(page)).toEqual(["Bob Byrne: wrong", "Team: Bob Byrne: second"]);
  await bob.deleteMessage(gone);
  await ann.send(direct, "my own"); // from another device
  await expect.poll(() => shown(page)).toEqual(["Team: Bob Byrne: second"]);
  await expect(page).toHaveTitle("(3) chat");

  await click(page.context(), "Bob Byrne: second");
  await expect(message(page, "second")).toBeVisible();
  await look(page, true);
  await expect.poll(() => shown(page)).toEqual([]);

  await look(page, false);
  await bob.send(direct, "for Ann alone");
  await expect.poll(() => shown(page)).toEqual(["Bob Byrne: for Ann alone"]);
  await page.getByRole("button", { name: /Your account/ }).click();
  await page.getByRole("menuitem", { name: "Sign out" }).click();
  await expect(page.getByRole("heading", { name: "Sign in" })).toBeVisible();
  await expect.poll(() => shown(page)).toEqual([]);
});

test("what is read elsewhere is taken back; muted chats are silent and count nowhere", async ({ newPage }) => {
  const { ann, bob, team, direct, page } = await scene(newPage);
  await openChat(page, product.url, team);
  await page.getByRole("button", { name: "Details" }).click();
  const mute = page.getByRole("button", { name: "Mute in this browser" });
  await mute.click();
  await expect(mute).toHaveAttribute("aria-pressed", "true");
  await bob.send(team, "seen at once");
  for (const colorScheme of ["light", "dark"] as const) {
    await page.emulateMedia({ colorScheme });
    await expect(page.getByRole("region", { name: "Notifications" })).toBeVisible();
    expect(await obstacles(page)).toEqual([]);
    if (process.env.LOOK) await page.screenshot({ path: `${process.env.LOOK}/muted-${colorScheme}.png` });
  }
  await page.getByRole("button", { name: "Turn on" }).click();
  await page.goto(product.url);
  await expect(rows(page).filter({ hasText: "Team" }).getByRole("img", { name: "Muted" })).toBeVisible();
  await look(page, false);
  await bob.send(team, "unheard");
  await expect(rows(page).filter({ hasText: "Team" })).toContainText("unheard"); // news come
  const id = await bob.send(direct, "heard");
  await expect.poll(() => shown(page)).toEqual(["Bob Byrne: heard"]);
  await expect(rows(page).filter({ hasText: "Team" })).toContainText("1 unread message");
  expect(await obstacles(page)).toEqual([]);
  await expect(page).toHaveTitle("(1) chat");
  await ann.write("mutation($id: ID!) { markMessageAsRead(messageId: $id) { id } }", { id });
  await expect.poll(() => shown(page)).toEqual([]);
  await expect(page).toHaveTitle("chat");
});

test("of several tabs one tells, and none while another is in sight; the next takes over", async ({ newPage }) => {
  const { bob, direct, page } = await scene(newPage);
  await page.getByRole("button", { name: "Turn on" }).click();
  const second = await page.context().newPage();
  await second.goto(product.url);
  await expect(rows(second)).toHaveCount(2);
  await second.evaluate(() => {
    const { showNotification } = ServiceWorkerRegistration.prototype;
    Object.assign(window, { told: 0 });
    ServiceWorkerRegistration.prototype.showNotification = function (...args) {
      (window as unknown as { told: number }).told++;
      return showNotification.apply(this, args);
    };
  });
  const told = () => second.evaluate(() => (window as unknown as { told: number }).told);
  await look(page, false);
  await bob.send(direct, "seen in the other tab");
  await expect(rows(second).first()).toContainText("seen in the other tab");
  await expect(rows(page).first()).toContainText("seen in the other tab");
  expect(await shown(page)).toEqual([]);
  await look(second, false);
  await bob.send(direct, "seen nowhere");
  await expect.poll(() => shown(second)).toEqual(["Bob Byrne: seen nowhere"]);
  expect(await told()).toBe(0);
  await page.close();
  await expect.poll(() => second.evaluate(waitingTabs)).toBe(0);
  await bob.send(direct, "after that");
  await expect.poll(() => shown(second)).toEqual(["Bob Byrne: after that"]);
  expect(await told()).toBe(1);
});

test("what a tab is closed over before it has told, the next one tells", async ({ newPage }) => {
  const { bob, direct, page } = await scene(newPage);
  await page.getByRole("button", { name: "Turn on" }).click();
  const second = await page.context().newPage();
  await second.goto(product.url);
  await expect(rows(second)).toHaveCount(2);
  await expect.poll(() => second.evaluate(waitingTabs)).toBe(1);
  for (const one of [page, second]) await look(one, false);
  const asked = page.waitForEvent("console", (line) => line.text() === "asked");
  await page.evaluate(() => {
    ServiceWorkerRegistration.prototype.showNotification = () => {
      console.log("asked");
      return new Promise(() => undefined); // it has no time to do so
    };
  });
  await bob.send(direct, "just then");
  await asked;
  await expect(rows(second).first()).toContainText("just then");
  expect(await shown(second)).toEqual([]);
  await page.close();
  await expect.poll(() => shown(second)).toEqual(["Bob Byrne: just then"]);
});

test("it is offered once, changed in the settings, and a browser that refuses is explained", async ({ newPage }) => {
  const { ann, bob, direct, page } = await scene(newPage);
  await page.getByRole("button", { name: "No, thank you" }).click();
  await page.reload();
  await expect(rows(page)).toHaveCount(2);
  await expect(page.getByRole("button", { name: "Turn on" })).toHaveCount(0);
  await look(page, false);
  await bob.send(direct, "unwanted");
  await expect(rows(page).first()).toContainText("unwanted");
  expect(await shown(page)).toEqual([]);
  await look(page, true);
  await page.goto(`${product.url}/settings`);
  const setting = page.getByRole("radiogroup", { name: "Notifications in this browser" });
  await expect(setting.getByRole("radio", { name: "Off" })).toBeChecked();
  await page.setViewportSize({ width: 360, height: 740 });
  if (process.env.LOOK) await page.screenshot({ path: `${process.env.LOOK}/settings-360.png` });
  await setting.getByRole("radio", { name: "On" }).check();
  await look(page, false);
  await bob.send(direct, "wanted");
  await expect.poll(() => shown(page)).toEqual(["Bob Byrne: wanted"]);

  const refused = await newPage({ serviceWorkers: "allow" });
  await deny(refused);
  await signIn(refused, product.url, ann);
  await expect(rows(refused)).toHaveCount(2);
  await expect(refused.getByRole("button", { name: "Turn on" })).toHaveCount(0);
  await refused.goto(`${product.url}/settings`);
  const denied = refused.getByRole("radiogroup", { name: "Notifications in this browser" });
  await denied.getByRole("radio", { name: "On" }).click();
  await expect(denied.getByRole("radio", { name: "Off" })).toBeChecked();
  await expect(refused.getByText("The browser does not let this page notify you.", { exact: false })).toBeVisible();
});
