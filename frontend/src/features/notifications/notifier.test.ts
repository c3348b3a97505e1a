import { beforeEach, expect, test } from "vitest";
import { message } from "../../api/chats/testData";
import { Notifier } from "./notifier";

const shown = new Map<string, string>();
const state = { isFirst: true, isSeen: false, muted: new Set<string>() };
const notifier = new Notifier({
  userId: "Ann",
  wants: (chatId) => !state.muted.has(chatId),
  noticeOf: async ({ id, chatId, content }) => ({ chatId, messageId: id, title: chatId, body: content }),
  board: {
    show: async ({ chatId, messageId }) => void shown.set(chatId, messageId),
    withdraw: async (chatId, messageId) => {
      if (messageId === undefined || shown.get(chatId) === messageId) shown.delete(chatId);
    },
    clear: async () => shown.clear(),
  },
  tabs: { isFirst: async () => state.isFirst, isAnySeen: async () => state.isSeen },
});

beforeEach(() => {
  shown.clear();
  Object.assign(state, { isFirst: true, isSeen: false, muted: new Set() });
});

test("of others' new messages, the newest of each chat", async () => {
  for (const one of [message("a", 1), message("a", 2), message("b", 1)]) await notifier.message(one);
  expect([...shown]).toEqual([
    ["a", "a-2"],
    ["b", "b-1"],
  ]);
});

test("not of one's own, of what was only changed, of muted chats", async () => {
  state.muted.add("b");
  await notifier.message(message("a", 1, { senderId: "Ann" }));
  await notifier.message(message("a", 1, { version: 5 }));
  await notifier.message(message("b", 1));
  expect(shown.size).toBe(0);
});

test("not while any tab is in sight, and by one tab alone", async () => {
  state.isSeen = true;
  await notifier.message(message("a", 1));
  state.isSeen = false;
  state.isFirst = false;
  await notifier.message(message("a", 2));
  expect(shown.size).toBe(0);
});

test("nothing is left of who has signed out", async () => {
  await notifier.message(message("a", 1));
  await notifier.leave();
  expect(shown.size).toBe(0);
});

test("what was read elsewhere or deleted is taken back", async () => {
  await notifier.message(message("a", 1));
  await notifier.message(message("b", 1));
  await notifier.message(message("b", 2));
  await notifier.message(message("b", 1, { isDeleted: true, version: 3 }));
  expect([...shown.keys()]).toEqual(["a", "b"]);
  await notifier.message(message("b", 2, { isDeleted: true, version: 4 }));
  await notifier.read("a");
  expect(shown.size).toBe(0);
});
