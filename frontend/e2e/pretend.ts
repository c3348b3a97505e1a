import type { Page } from "@playwright/test";

/** When the pictures are taken, as far as they show: a Thursday morning. */
const pictured = new Date("2026-03-12T09:41:00Z");

/** When what has these ids was said, as far as pictures show. */
export type Moments = Map<string, string>;

/**
 * Lets a page believe that it is another day, and that things happened when `moments` says: pictures show several days, and do
 * not change with the day on which they are taken. Whatever has no moment of its own keeps its distance from now.
 */
export async function pretend(page: Page, moments: Moments) {
  const shift = pictured.getTime() - Date.now();
  const moved = (text: string) => JSON.stringify(JSON.parse(text, (_, value) => move(value, moments, shift)));
  await page.clock.setFixedTime(pictured);
  await page.route(/\/(graphql|auth\/\w+)$/, async (route) => {
    const response = await route.fetch().catch(() => null);
    if (!response) return route.abort(); // the server has gone
    const body = await response.text();
    const isJson = response.headers()["content-type"]?.includes("json") ?? false;
    await route.fulfill({ response, body: isJson && body ? moved(body) : body });
  });
  await page.routeWebSocket(/\/graphql$/, (socket) => {
    const server = socket.connectToServer();
    server.onMessage((message) => socket.send(moved(String(message))));
  });
}

function move(value: unknown, moments: Moments, shift: number): unknown {
  if (typeof value === "string" && /^\d{4}-\d\d-\d\dT[\d:.]+Z$/.test(value)) {
    return new Date(Date.parse(value) + shift).toISOString();
  }
  const { id } = (value ?? {}) as { id?: string };
  const at = typeof id === "string" ? moments.get(id) : undefined;
  return at === undefined ? value : { ...(value as object), createdAt: at };
}
