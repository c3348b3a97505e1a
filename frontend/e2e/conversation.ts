import { expect, type Locator, type Page } from "@playwright/test";
import type { Person } from "./person";

/** The messages that are elements, from the top. */
export function messages(page: Page): Locator {
  return page.getByRole("log").getByRole("article");
}

/** The messages with that text. */
export function message(page: Page, text: string | RegExp): Locator {
  return messages(page).filter({ hasText: text });
}

export function composer(page: Page): Locator {
  return page.getByRole("textbox", { name: "Message", exact: true });
}

/** Writes a message and sends it, as people do. */
export async function say(page: Page, text: string) {
  await composer(page).fill(text);
  await composer(page).press("Enter");
}

/** Opens a chat by its address, and waits until its messages, or that there are none, are there. */
export async function openChat(page: Page, url: string, chatId: string) {
  await page.goto(`${url}/c/${chatId}`);
  await expect(composer(page)).toBeVisible();
}

/** Opens the menu of a message and picks from it. */
export async function pick(page: Page, text: string | RegExp, item: string) {
  await expect(message(page, text)).toBeVisible(); // one that is new cannot have the focus before it was measured
  await message(page, text).focus();
  await message(page, text).getByRole("button", { name: "More about this message" }).click();
  await page.getByRole("menuitem", { name: item }).click();
}

const perRequest = 10;

/** Says many things, in this order. */
export async function sayAll(person: Person, chatId: string, texts: readonly string[]) {
  for (let at = 0; at < texts.length; at += perRequest) {
    const part = texts.slice(at, at + perRequest);
    const names = part.map((_, i) => `$t${i}: String!`).join(", ");
    const fields = part
      .map((_, i) => `m${i}: createMessage(createMessageInput: { chatId: $chat, content: $t${i} }) { id }`)
      .join("\n");
    const variables = Object.fromEntries(part.map((text, i) => [`t${i}`, text]));
    await person.write(`mutation($chat: String!, ${names}) { ${fields} }`, { chat: chatId, ...variables });
  }
}

export function numbered(from: number, to: number): string[] {
  return Array.from({ length: to - from + 1 }, (_, i) => `message ${from + i}`);
}

/** What the chat's history holds, by the API. */
export async function contents(person: Person, chatId: string): Promise<string[]> {
  const { messages } = await person.read<{ messages: { content: string }[] }>(
    "query($id: ID!) { messages(chatId: $id, limit: 1000) { content } }",
    { id: chatId },
  );
  return messages.map(({ content }) => content);
}

export async function markRead(person: Person, messageId: string) {
  await person.write("mutation($id: ID!) { markMessageAsRead(messageId: $id) { id } }", { id: messageId });
}

export async function unread(person: Person, chatId: string): Promise<number> {
  const { unreadCount } = await person.read<{ unreadCount: number }>("query($id: ID!) { unreadCount(chatId: $id) }", {
    id: chatId,
  });
  return unreadCount;
}
