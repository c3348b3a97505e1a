import type { Locator, Page } from "@playwright/test";
import { messages, numbered, pick, say, sayAll } from "./conversation";
import { Person } from "./person";
import { Product } from "./product";
import { expect, rows, signIn, test } from "./test";

let product: Product;
test.beforeAll(async () => {
  product = await Product.start();
});
test.afterAll(() => product.stop());

/** What moves in a page from now on, as "what: where": by styles, by scripts, and by scrolling smoothly. */
async function motionOf(page: Page): Promise<Set<string>> {
  const moved = new Set<string>();
  await page.exposeFunction("tellMotion", (what: string) => void moved.add(what));
  await page.addInitScript(watchMotion);
  return moved;
}

/** It runs in the pages. */
function watchMotion() {
  const { tellMotion } = window as unknown as { tellMotion(what: string): void };
  const place = (one: EventTarget | null) => {
    if (!(one instanceof Element)) return String(one);
    const nearest = one.closest("[role], dialog, button, a, main, nav, header") ?? one;
    return nearest.getAttribute("role") ?? nearest.tagName.toLowerCase();
  };
  document.addEventListener("transitionrun", ({ target, propertyName }) => {
    tellMotion(`transition of ${propertyName}: ${place(target)}`);
  });
  document.addEventListener("animationstart", ({ target, animationName }) => {
    const style = getComputedStyle(target as Element);
    const at = style.animationName.split(", ").indexOf(animationName);
    const seconds = Number.parseFloat(style.animationDuration.split(", ")[at] ?? "");
    const name = animationName.split("_")[1]; // the build adds to it what no other file has
    if (seconds !== 0) tellMotion(`animation ${name}: ${place(target)}`);
  });
  const { animate } = Element.prototype;
  Element.prototype.animate = function (...args) {
    tellMotion(`animate: ${place(this)}`);
    return animate.apply(this, args);
  };
  for (const name of ["scroll", "scrollTo", "scrollBy", "scrollIntoView"] as const) {
    const scroll = Element.prototype[name] as (...args: unknown[]) => void;
    Element.prototype[name] = function (this: Element, ...args: unknown[]) {
      if ((args[0] as ScrollOptions | undefined)?.behavior === "smooth") tellMotion(`${name}: ${place(this)}`);
      scroll.apply(this, args);
    } as typeof scroll;
  }
}

/** Adds what the page would scroll smoothly as it is now. */
async function addSmooth(page: Page, moved: Set<string>): Promise<void> {
  const found = await page.evaluate(() =>
    [...document.querySelectorAll("*")]
      .filter((one) => getComputedStyle(one).scrollBehavior === "smooth")
      .map(({ tagName }) => tagName.toLowerCase()),
  );
  for (const one of found) moved.add(`smooth scrolling: ${one}`);
}

/** Loads the page again, and holds its calls back until what it shows meanwhile is in sight. */
async function hesitate(page: Page, calls: string, meanwhile: Locator): Promise<void> {
  let goOn = () => {};
  const isSeen = new Promise<void>((resolve) => {
    goOn = resolve;
  });
  await page.route(calls, async (route) => {
    await isSeen;
    await route.fallback();
  });
  await page.reload();
  await expect(meanwhile).toHaveCSS("opacity", "1");
  goOn();
  await page.unroute(calls);
}

/** Waits until something is in sight and no longer comes in: what is closed earlier may never have begun to. */
async function seen(one: Locator): Promise<void> {
  await expect(one).toBeVisible();
  await one.evaluate(async (element) => {
    await Promise.all(element.getAnimations().map(({ finished }) => finished));
    await new Promise(requestAnimationFrame); // a frame's events follow its promises
  });
}

/** Somebody goes to the main views, where something that takes time is seen to do so. */
async function walk(page: Page, moved: Set<string>): Promise<void> {
  const [ann, bob] = [await Person.signUp(product.url, "Ann Arbor"), await Person.signUp(product.url, "Bob Byrne")];
  await Person.signUp(product.url, "Cleo Carter");
  const chat = await ann.group("Harbour", [bob]);
  await sayAll(bob, chat, numbered(1, 60));
  await signIn(page, product.url, ann);
  await hesitate(page, "**/auth/refresh", page.getByText("Reaching the server"));
  await expect(rows(page)).toHaveCount(1);
  await hesitate(page, "**/graphql", page.getByRole("status").filter({ hasText: "Loading" }));
  await rows(page).first().hover();
  await rows(page).first().click();
  await expect(messages(page).first()).toBeVisible();
  await say(page, "hello");
  await pick(page, "hello", "Delete");
  await seen(page.getByRole("alertdialog"));
  await page.keyboard.press("Escape");
  await page.getByRole("log").evaluate((log) => log.scrollTo(0, 0));
  await addSmooth(page, moved);
  await page.keyboard.press("Control+k");
  await page.keyboard.type("b");
  await expect(page.getByRole("option").first()).toBeVisible();
  await seen(page.getByRole("dialog"));
  await page.keyboard.press("Escape");
  await page.getByRole("button", { name: "Details" }).click();
  await page.getByRole("button", { name: "Add people" }).click();
  await expect(page.getByRole("dialog").getByRole("button", { name: /^Cleo/ }).first()).toBeVisible();
  await page.keyboard.press("Escape");

  await page.getByRole("button", { name: /Your account/ }).click();
  await seen(page.getByRole("menu"));
  await page.getByRole("menuitem", { name: "Settings" }).click();
  await page.getByLabel("Display name").fill("Ann Aachen");
  await page.getByRole("button", { name: "Save" }).click();
  await expect(page.getByText("Saved")).toBeVisible();
  await page.context().setOffline(true);
  await expect(page.getByText("You are offline", { exact: false }).first()).toBeVisible();
  await page.context().setOffline(false);
  await expect(page.getByText("You are offline", { exact: false })).toHaveCount(0);
}

/** The live test pages; the run shows what takes time. */
async function walkLab(page: Page, moved: Set<string>): Promise<void> {
  await page.getByRole("button", { name: /^Connected/ }).click();
  await page.getByRole("menuitem", { name: "Test pages" }).click();
  await page.getByRole("link", { name: "Messages between two panes" }).hover();
  await page.getByRole("link", { name: "Messages between two panes" }).click();
  await page.getByRole("button", { name: "Start" }).click();
  await expect(page.getByRole("status").filter({ hasText: /^Connected$/ })).toHaveCount(2);
  const pane = page.getByRole("region", { name: /^Pane 1/ });
  await pane.getByRole("button", { name: "Send 10" }).click();
  await expect(page.locator("canvas")).toBeVisible();
  await page.getByRole("link", { name: "Run", exact: true }).click();
  await page.getByRole("button", { name: "Run everything" }).click();
  await expect(page.getByText("(running)").first()).toBeAttached();
  await addSmooth(page, moved);
}

test("who wants nothing to move sees nothing move, on any view", async ({ newPage }) => {
  const page = await newPage({ reducedMotion: "reduce" });
  const moved = await motionOf(page);
  await walk(page, moved);
  await walkLab(page, moved);
  expect([...moved]).toEqual([]);
});

test("others see dialogs, menus and notices come, and that something takes time", async ({ newPage }) => {
  const page = await newPage({ reducedMotion: "no-preference" });
  const moved = await motionOf(page);
  await walk(page, moved);
  await walkLab(page, moved);
  for (const one of [
    "rise: dialog",
    "rise: alertdialog",
    "open: menu",
    "arrive: status",
    "late: main",
    "late: status",
  ]) {
    expect([...moved]).toContain(`animation ${one}`);
  }
  for (const one of ["animation turn", "transition of background-color"]) {
    expect([...moved].filter((found) => found.startsWith(one))).not.toEqual([]);
  }
});
