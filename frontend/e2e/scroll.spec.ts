import type { Browser, Page } from "@playwright/test";
import { messages, openChat, sayAll } from "./conversation";
import { Person } from "./person";
import { Product } from "./product";
import { expect, signIn, test } from "./test";

test.use({ trace: "off" }); // the recorder of traces works in the page too

let product: Product;
test.beforeAll(async () => {
  product = await Product.start();
});
test.afterAll(() => product.stop());

const count = 10_000;
/** A frame that takes longer is seen as a jerk (ms). */
const longest = 50;

/** Some of everything: short, long, formatted. */
function text(i: number): string {
  if (i % 20 === 0) return `message ${i} with **strong** words, \`code\` and https://example.org/${i}`;
  if (i % 7 === 0)
    return `message ${i}: ${"a longer one, which takes more than one line to say what it has to say. ".repeat(3)}`;
  return `message ${i}`;
}

interface TraceEvent {
  name: string;
  pid: number;
  tid: number;
  dur?: number;
  /** How long the processor worked on it, without being taken away by others (µs). */
  tdur?: number;
  args?: { name?: string };
}

/** The tasks of the page's main thread while something is done, in ms of its own work, longest first. */
async function tasks(browser: Browser, page: Page, work: () => Promise<void>): Promise<number[]> {
  await browser.startTracing(page, {
    categories: ["toplevel", "devtools.timeline", "disabled-by-default-devtools.timeline"],
  });
  await work();
  const { traceEvents } = JSON.parse((await browser.stopTracing()).toString()) as { traceEvents: TraceEvent[] };
  const mains = traceEvents.filter((one) => one.name === "thread_name" && one.args?.name === "CrRendererMain");
  const isMain = (one: TraceEvent) => mains.some(({ pid, tid }) => pid === one.pid && tid === one.tid);
  return traceEvents
    .filter((one) => /RunTask$/.test(one.name) && isMain(one))
    .map((one) => (one.tdur ?? one.dur ?? 0) / 1000)
    .toSorted((a, b) => b - a);
}

test("ten thousand messages are scrolled without a jerk", async ({ newPage, browser }) => {
  test.setTimeout(300_000);
  const [ann, bob] = [await Person.signUp(product.url, "Ann"), await Person.signUp(product.url, "Bob")];
  const chat = await ann.group("Lighthouse", [bob]);
  const texts = Array.from({ length: count }, (_, i) => text(i + 1));
  for (let at = 0; at < count; at += 100) await sayAll(at % 200 ? ann : bob, chat, texts.slice(at, at + 100));
  const page = await newPage();
  await signIn(page, product.url, ann);
  await openChat(page, product.url, chat);
  const log = page.getByRole("log");
  await expect(log).toBeVisible();
  await log.hover();

  const loading = await tasks(browser, page, async () => {
    const beginning = page.getByText("This is the beginning.");
    await expect
      .poll(
        async () => {
          await log.evaluate((element) => element.scrollTo(0, 0));
          return beginning.count();
        },
        { timeout: 120_000, intervals: [50] },
      )
      .toBe(1);
  });
  const scrolling = await tasks(browser, page, async () => {
    for (let i = 0; i < 150; i++) {
      await page.mouse.wheel(0, 700);
      await page.waitForTimeout(16);
    }
    for (let i = 0; i < 150; i++) {
      await page.mouse.wheel(0, i % 10 === 9 ? -300 : 4000);
      await page.waitForTimeout(16);
    }
  });
  const live = await tasks(browser, page, async () => {
    for (let i = 0; i < 10; i++) await sayAll(bob, chat, [`live ${i}`]);
    await page.waitForTimeout(500);
  });
  const first = (all: number[]) =>
    all
      .slice(0, 5)
      .map((ms) => ms.toFixed(1))
      .join(", ");
  console.info(
    `longest tasks (ms of work): loading ${first(loading)}; scrolling ${first(scrolling)}; live ${first(live)}`,
  );
  expect(await messages(page).count()).toBeLessThan(100);
  expect(scrolling.length).toBeGreaterThan(100);
  for (const [what, all] of Object.entries({ loading, scrolling, live })) {
    expect(all[0], `the longest task of ${what}`).toBeLessThan(longest);
  }
});
