import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { createServer } from "node:http";
import { extname, join } from "node:path";
import type { Page } from "@playwright/test";
import { composer, contents, message, openChat, say } from "./conversation";
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

/** The next version of the pages, without its API: two of its files are called otherwise, as after a change, and the old are gone. */
async function nextVersion(port: number) {
  const dist = join(import.meta.dirname, "../dist");
  const renamed = (text: string) =>
    text
      .replace(/\b(index|SettingsPage)-([\w-]{8})\.(js|css)\b/g, "$1-next$2.$3")
      .replace(/\brevision:(["'`])/g, "revision:$1next"); // of what has changed with them
  const types: Record<string, string> = { ".js": "text/javascript", ".css": "text/css", ".html": "text/html" };
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? "", product.url);
    const path = pathname === "/" ? "/index.html" : pathname;
    const old = path.replace("-next", "-");
    const file = join(dist, old);
    if (renamed(old) !== path || !existsSync(file)) return response.writeHead(404).end();
    response.writeHead(200, { "content-type": types[extname(old)] ?? "application/octet-stream" });
    response.end(extname(old) in types ? renamed(readFileSync(file, "utf8")) : readFileSync(file));
  });
  server.listen(port);
  await once(server, "listening");
  return server;
}

test("a new version is shown at once, and a page of the old one that is open still finds what it loads", async ({
  newPage,
}) => {
  const page = await newPage({ serviceWorkers: "allow" });
  await atWork(page);
  await page.goto(product.url);
  await expect(rows(page)).toHaveCount(1);
  await product.process.stop();
  const next = await nextVersion(product.process.port);
  const waits = await page.evaluate(async () => {
    const registration = await navigator.serviceWorker.ready;
    const found = new Promise<void>((resolve) =>
      registration.addEventListener("updatefound", () =>
        registration.installing?.addEventListener("statechange", () => resolve()),
      ),
    );
    await registration.update();
    await found;
    return registration.waiting !== null;
  });
  expect(waits).toBe(true);
  await page.getByRole("button", { name: /Your account/ }).click();
  await page.getByRole("menuitem", { name: "Settings" }).click();
  await expect(page.getByRole("heading", { name: "Settings" })).toBeVisible();

  const other = await page.context().newPage();
  await other.goto(product.url);
  await expect(other.locator('script[src*="index-next"]')).toHaveCount(1);
  next.closeAllConnections();
  next.close();
  await product.process.start();
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
