import { join } from "node:path";
import type { Page } from "@playwright/test";

/** Where npm run screenshots leaves the pictures of docs; a test run leaves them as they are. */
export const shots = process.env.SCREENSHOTS ? join(import.meta.dirname, "../../docs/screenshots") : undefined;

/** Until nothing moves. */
export async function settled(page: Page) {
  await page.evaluate(() => Promise.all(document.getAnimations().map(({ finished }) => finished)));
}

/** A picture of the page, in all the pixels that it has. Playwright writes no WebP, which takes a third of what PNG does. */
export async function still(page: Page, quality: number): Promise<Buffer> {
  const png = await page.screenshot({ scale: "device" });
  const workshop = await page.context().newPage();
  const webp = await workshop.evaluate(encode, { png: png.toString("base64"), quality });
  await workshop.close();
  return Buffer.from(webp, "base64");
}

/** It runs in a page. */
async function encode({ png, quality }: { png: string; quality: number }): Promise<string> {
  const bytes = Uint8Array.from(atob(png), (c) => c.charCodeAt(0));
  const picture = await createImageBitmap(new Blob([bytes]));
  const canvas = new OffscreenCanvas(picture.width, picture.height);
  canvas.getContext("2d")?.drawImage(picture, 0, 0);
  const webp = await canvas.convertToBlob({ type: "image/webp", quality });
  return btoa(Array.from(new Uint8Array(await webp.arrayBuffer()), (b) => String.fromCharCode(b)).join(""));
}
