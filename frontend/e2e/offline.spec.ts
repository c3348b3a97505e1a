import type { Page } from "@playwright/test";
import { composer, contents, message, openChat, say } from "./conversation";
import { NextVersion } from "./next";
import { Person } from "./person";
import { freePort, Process, Product } from "./product";
import { expect, rows, signIn, test } from "./test";

let product: Product;
test.beforeAll(async () => {
  product = await Product.start();
});
test.afterAll(() => product.stop());

/** Until all that is kept for later is kept. */
async function kept(page: Page) {
  await page.evaluate(async () => {
    await navigator.serviceWorker.ready;
  });
}

async function atWork(page: Page) {
  const [ann, bob] = [await Person.signUp(product.url, "Ann"), await Person.signUp(product.url, "Bob")];
  const chat = await ann.group("Lighthouse", [bob]);
  await signIn(page, product.url, ann);
  await openChat(page, product.url, chat);
  await kept(page);
  await say(page, "before");
  await expect(message(page, "before").getByRole("button", { name: "Sent" })).toBeVisible();
  return { ann, chat };
}

test("without a network the pages open and say so, and what is written meanwhile is sent after", async ({
  newPage,
}) => {
  const page = await newPage({ serviceWorkers: "allow" });
  const { ann, chat } = await atWork(page);
  await page.context().setOffline(true);
  await say(page, "offline 1");
  await say(page, "offline 2");
  await page.reload();
  await expect(page.getByRole("heading", { name: "You are offline" })).toBeVisible();
  await page.context().setOffline(false);
  await expect(message(page, "offline 2").getByRole("button", { name: "Sent" })).toBeVisible({ timeout: 40_000 });
  expect(await contents(ann, chat)).toEqual(["before", "offline 1", "offline 2"]);
});

test("while the server is away too, at any address, and in the language that was chosen", async ({ newPage }) => {
  const page = await newPage({ serviceWorkers: "allow", locale: "de-DE" });
  await page.addInitScript(() => localStorage.setItem("chat.language", "en"));
  const { ann, chat } = await atWork(page);
  await product.process.kill();
  await say(page, "unheard");
  await page.goto(`${product.url}/settings`);
  await expect(page.getByRole("heading", { name: "The server does not answer" })).toBeVisible();
  await page.evaluate(() => localStorage.removeItem("chat.language"));
  const german = await page.context().newPage(); // without what the first page is told at its start
  await german.goto(`${product.url}/c/${chat}`);
  await expect(german.getByRole("heading", { name: "Der Server antwortet nicht" })).toBeVisible();
  await product.process.start();
  await expect(page.getByRole("heading", { name: "Settings" })).toBeVisible({ timeout: 40_000 });
  await expect.poll(() => contents(ann, chat), { timeout: 40_000 }).toEqual(["before", "unheard"]);
});

test("what is kept is the shell: nothing of the API, of who is here, or of the configuration", async ({ newPage }) => {
  const page = await newPage({ serviceWorkers: "allow" });
  await atWork(page);
  await page.reload();
  await expect(composer(page)).toBeVisible();
  expect(await page.evaluate(() => navigator.serviceWorker.controller?.scriptURL)).toBe(`${product.url}/worker.js`);
  const paths = await page.evaluate(async () => {
    const caches_ = await Promise.all((await caches.keys()).map((name) => caches.open(name)));
    const requests = (await Promise.all(caches_.map((one) => one.keys()))).flat();
    return requests.map(({ url }) => new URL(url).pathname);
  });
  expect(paths).toContain("/index.html");
  const known = /^\/(assets\/[^/]+|index\.html|theme\.js|icon\.svg|manifest\.webmanifest)$/;
  expect(paths.filter((path) => !known.test(path))).toEqual([]);
  expect(paths.filter((path) => /graphiql|monaco/.test(path))).toEqual([]);
});

test("the page is the server's as long as there is one, with a nonce of its own", async ({ newPage }) => {
  const page = await newPage({ serviceWorkers: "allow" });
  await page.goto(product.url);
  await kept(page);
  const nonces: (string | undefined)[] = [];
  for (let i = 0; i < 2; i++) {
    const answer = await page.reload();
    nonces.push(/'nonce-([^']+)'/.exec(answer?.headers()["content-security-policy"] ?? "")?.[1]);
  }
  expect(nonces[0]).toBeTruthy();
  expect(nonces[1]).not.toBe(nonces[0]);
  const answer = await page.goto(`${product.url}/graphql`); // no place of the UI
  expect(await answer?.text()).toContain("GraphiQL");
});

/** Whether a new worker waits, and of which versions scripts are kept. */
function workers(page: Page): Promise<{ waits: boolean; kept: string[] }> {
  return page.evaluate(async () => {
    const registration = await navigator.serviceWorker.ready;
    const caches_ = await Promise.all((await caches.keys()).map((name) => caches.open(name)));
    const requests = (await Promise.all(caches_.map((one) => one.keys()))).flat();
    const scripts = requests
      .map(({ url }) => new URL(url).pathname)
      .filter((path) => /\/(next-)?index-.*js$/.test(path));
    const versions = scripts.map((path) => (path.includes("/next-") ? "next" : "old"));
    return { waits: registration.waiting !== null, kept: versions.toSorted() };
  });
}

/** Asks the workers to take over, as pages do after a while. */
async function askNow(page: Page) {
  for (const worker of page.context().serviceWorkers()) {
    await worker.evaluate(async () => {
      self.dispatchEvent(new ExtendableMessageEvent("message", { data: { kind: "takeOver" } }));
      await navigator.locks.query(); // after the worker's own
    });
  }
}

const isNext = (page: Page) => expect(page.locator('script[src*="/next-index-"]')).toHaveCount(1);

test.describe("the next version", () => {
  let next: NextVersion;
  test.beforeAll(() => {
    next = NextVersion.build();
  });
  test.afterAll(() => next.remove());
  test.beforeEach(async () => {
    await product.process.stop();
    await product.process.start();
  });

  test("is told of, comes with a click, and takes over; nothing that was written is lost", async ({ newPage }) => {
    const page = await newPage({ serviceWorkers: "allow" });
    const { ann, chat } = await atWork(page);
    expect(await workers(page)).toEqual({ waits: false, kept: ["old"] });
    await page.route("**/graphql", (route) =>
      route.request().postData()?.includes("createMessage") ? route.abort("connectionreset") : route.fallback(),
    );
    await product.process.stop();
    await say(page, "while there was no server");
    await composer(page).fill("not yet sent");
    await product.process.start(next.binary);
    await expect(page.getByText("The server has another version than this page.")).toBeVisible({ timeout: 40_000 });
    await expect(page.getByRole("img", { name: /Waiting to be sent|Sending/ })).toBeVisible();
    await page.getByRole("button", { name: "Reload" }).click();
    await isNext(page);
    await expect(composer(page)).toHaveValue("not yet sent");
    await page.unroute("**/graphql");
    await expect.poll(() => contents(ann, chat), { timeout: 40_000 }).toEqual(["before", "while there was no server"]);
    await expect.poll(() => workers(page)).toEqual({ waits: false, kept: ["next"] });
    await page.context().setOffline(true);
    await page.reload();
    await expect(page.getByRole("heading", { name: "You are offline" })).toBeVisible();
    await isNext(page);
  });

  test("waits for the pages of the old one, which still find what they load", async ({ newPage }) => {
    const page = await newPage({ serviceWorkers: "allow" });
    await atWork(page);
    await page.goto(product.url);
    await expect(rows(page)).toHaveCount(1);
    await product.process.stop();
    await product.process.start(next.binary);
    const other = await page.context().newPage();
    await other.goto(product.url);
    await isNext(other);
    const both = { waits: true, kept: ["next", "old"] };
    await expect.poll(() => workers(other)).toEqual(both);
    await askNow(other);
    await page.getByRole("button", { name: /Your account/ }).click();
    await page.getByRole("menuitem", { name: "Settings" }).click();
    await expect(page.getByRole("heading", { name: "Settings" })).toBeVisible();
    expect(await workers(page)).toEqual(both);
    await page.reload();
    await isNext(page);
    await expect.poll(() => workers(page)).toEqual({ waits: false, kept: ["next"] });
  });
});

test("pages that are served alone open without their server", async ({ newPage }) => {
  const port = await freePort();
  const urls = ["user", "sender", "receiver"].map((role) => `--${role}-urls=${product.url}`);
  const pages = new Process(port, ["ui", `--port=${port}`, ...urls]);
  await pages.start();
  const page = await newPage({ serviceWorkers: "allow" });
  await page.goto(pages.url);
  await expect(page.getByRole("heading", { name: "Sign in" })).toBeVisible();
  await kept(page);
  await pages.stop();
  await page.reload();
  await expect(page.getByRole("heading", { name: "The server does not answer" })).toBeVisible();
});

test("it can be installed: a manifest, and pictures as large as it says", async ({ newPage }) => {
  const page = await newPage();
  await page.goto(product.url);
  const devtools = await page.context().newCDPSession(page);
  const { url, errors } = await devtools.send("Page.getAppManifest");
  expect({ url, errors }).toEqual({ url: `${product.url}/manifest.webmanifest`, errors: [] });
  const { installabilityErrors } = await devtools.send("Page.getInstallabilityErrors");
  expect(installabilityErrors.filter(({ errorId }) => errorId !== "in-incognito")).toEqual([]);
  const wrong = await page.evaluate(async () => {
    const { icons } = await (await fetch("/manifest.webmanifest")).json();
    const sizes = (icons as { src: string; sizes: string }[]).map(async ({ src, sizes }) => {
      const image = new Image();
      image.src = src;
      await image.decode();
      return sizes === "any" || sizes === `${image.naturalWidth}x${image.naturalHeight}` ? [] : [src];
    });
    return (await Promise.all(sizes)).flat();
  });
  expect(wrong).toEqual([]);
});
