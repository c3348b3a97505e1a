import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Page } from "@playwright/test";
import { obstacles } from "./axe";
import { settled, shots, still } from "./still";
import { expect } from "./test";

/** On what the pages are looked at. */
export const forms = {
  desktop: { viewport: { width: 1280, height: 800 }, deviceScaleFactor: 2 },
  phone: { viewport: { width: 360, height: 740 }, deviceScaleFactor: 2, hasTouch: true, isMobile: true },
};

/** Everybody can use what is shown, nothing is cut off, and its picture is taken if pictures are wanted. */
export async function inspect(page: Page, name: string) {
  await settled(page);
  expect(await obstacles(page), name).toEqual([]);
  expect(await cutOff(page), name).toEqual([]);
  if (shots) writeFileSync(join(shots, `${name}.webp`), await still(page, 0.8));
}

/** What is wider than the page, or than what it stands in. Code, tables and names may be: they are scrolled, or end in dots. */
function cutOff(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const width = document.documentElement.clientWidth;
    const isShown = (one: Element) => one.checkVisibility({ visibilityProperty: true, opacityProperty: true });
    return [...document.querySelectorAll("body *")]
      .filter((one) => isShown(one) && one.getBoundingClientRect().right > width + 1)
      .filter((one) => !one.closest("pre, table") && getComputedStyle(one).position !== "fixed")
      .map((one) => one.outerHTML.slice(0, 200));
  });
}
