import { beforeEach, expect, test, vi } from "vitest";
import type { Preview } from "../../api/chats/cache";
import { message } from "../../api/chats/testData";
import { Notifier, type NotifierDeps } from "./notifier";

const shown = new Map<string, string>();
const state = { isFirst: true, isSeen: false, muted: new Set<string>() };
const deps: NotifierDeps = {
  userId: "Ann",
  wants: (chatId) => !state.muted.has(chatId),
  noticeOf: async ({ id, chatId, content }) => ({ chatId, messageId: id, title: chatId, body: content }),
  board: {
    show: async ({ chatId, messageId }) => void shown.set(chatId, messageId),
    shows: async (chatId, messageId) => shown.get(chatId) === messageId,
    withdraw: async (chatId, messageId) => {
      if (messageId === undefined || shown.get(chatId) === messageId) shown.delete(chatId);
    },
    clear: async () => shown.clear(),
  },
  tabs: { isFirst: async () => state.isFirst, isAnySeen: async () => state.isSeen },
};
let notifier: Notifier;

beforeEach(() => {
  notifier = new Notifier(deps);
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

test("nothing comes after who has signed out, also of what was being put into words", async () => {
  let write = () => {};
  const noticeOf = vi.fn(async (one: Preview) => {
    await new Promise<void>((resolve) => {
      write = resolve;
    });
    return deps.noticeOf(one);
  });
  notifier = new Notifier({ ...deps, noticeOf });
  const told = notifier.message(message("a", 1));
  await vi.waitFor(() => expect(noticeOf).toHaveBeenCalled());
  await notifier.leave();
  write();
  await told;
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

test("what another tab was to tell and has not, the next tells: what is news, unread, and not shown", async () => {
  state.isFirst = false;
  for (const chat of ["shown", "read", "deleted", "muted", "left"]) await notifier.message(message(chat, 1));
  await notifier.message(message("left", 2));
  shown.set("shown", "shown-1");
  await notifier.read("read");
  await notifier.message(message("deleted", 1, { isDeleted: true, version: 2 }));
  state.muted.add("muted");
  state.isSeen = true;
  await notifier.message(message("seen", 1));
  state.isSeen = false;
  state.isFirst = true;
  await notifier.takeOver();
  expect([...shown]).toEqual([
    ["shown", "shown-1"],
    ["left", "left-2"],
  ]);
  shown.clear();
  await notifier.takeOver();
  expect(shown.size).toBe(0);
});

test("not what it had time enough to tell", async () => {
  vi.useFakeTimers({ toFake: ["Date"] });
  state.isFirst = false;
  await notifier.message(message("old", 1));
  vi.setSystemTime(Date.now() + 11_000);
  await notifier.message(message("new", 1));
  await notifier.takeOver();
  vi.useRealTimers();
  expect([...shown.keys()]).toEqual(["new"]);
});
