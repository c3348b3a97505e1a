import { expect, test } from "vitest";
import { createCache } from "../store";
import { type Chat, ChatCache } from "./cache";
import { chat, message } from "./testData";

function world(...chats: Chat[]) {
  const cache = new ChatCache(createCache(), "Ann");
  cache.putAll(chats);
  return { cache, ids: () => cache.list()?.map(({ id }) => id), last: (id: string) => cache.chat(id)?.lastMessage };
}

test("a list of nothing is a list", () => {
  expect(world().ids()).toEqual([]);
  expect(new ChatCache(createCache(), "Ann").list()).toBeUndefined();
});

test("a chat that comes twice at once stands once", () => {
  const { cache, ids } = world();
  cache.putAll([chat("a"), chat("a", { lastSeq: 2 })]);
  expect(ids()).toEqual(["a"]);
});

test("of a chat's states the newer stays, in whatever order they come", () => {
  const { cache } = world(chat("a", { name: "new", lastSeq: 5 }));
  cache.putAll([chat("a", { name: "old", lastSeq: 4 })]);
  expect(cache.chat("a")?.name).toBe("new");
  cache.putAll([chat("a", { name: "newer", lastSeq: 6 })]);
  expect(cache.chat("a")?.name).toBe("newer");
});

test("of all that is said the cache keeps what was said last", () => {
  const store = createCache();
  const cache = new ChatCache(store, "Ann");
  cache.putAll([chat("a"), chat("b")]);
  for (let seq = 2; seq < 100; seq++) for (const id of ["a", "b"]) cache.putMessage(message(id, seq));
  expect(JSON.stringify(store.extract()).match(/"message \d+"/g)).toEqual(['"message 99"', '"message 99"']);
});

test("a message becomes the newest and moves its chat; an edit moves nothing; an older one is none", () => {
  const { cache, last } = world(chat("a"));
  expect(cache.putMessage(message("a", 4))).toBe(true);
  expect(cache.chat("a")?.updatedAt).toBe(message("a", 4).createdAt);
  cache.putMessage(message("a", 3));
  expect(last("a")?.content).toBe("message 4");
  cache.putMessage(message("a", 4, { version: 6, content: "edited" }));
  cache.putMessage(message("a", 4, { version: 5, content: "an edit that came late" }));
  expect(last("a")?.content).toBe("edited");
  expect(cache.chat("a")?.updatedAt).toBe(message("a", 4).createdAt);
});

test("a deleted message stays as such until a newer one comes", () => {
  const { cache, last } = world(chat("a", { lastMessage: message("a", 2) }));
  cache.putMessage(message("a", 2, { version: 3, content: "", isDeleted: true }));
  cache.putAll([chat("a", { lastSeq: 4, lastMessage: message("a", 1) })]);
  expect(last("a")?.isDeleted).toBe(true);
  cache.putMessage(message("a", 5));
  expect(last("a")?.isDeleted).toBe(false);
});

test("what was deleted unheard is not shown any more; what is newer than the state that comes stays", () => {
  const { cache, last } = world(chat("a", { lastSeq: 3, lastMessage: message("a", 3) }));
  cache.putMessage(message("a", 4));
  cache.putAll([chat("a", { lastSeq: 3, lastMessage: message("a", 3) })]); // was on its way
  expect(last("a")?.seq).toBe(4);
  cache.putAll([chat("a", { lastSeq: 5, lastMessage: message("a", 3) })]);
  expect(last("a")?.seq).toBe(3);
  cache.putMessage(message("a", 3, { version: 7, content: "edited" }));
  cache.putAll([chat("a", { lastSeq: 6, lastMessage: message("a", 2) })]);
  expect(last("a")?.content).toBe("edited");
  cache.putAll([chat("a", { lastSeq: 8, lastMessage: null })]);
  expect(last("a")).toBeNull();
  cache.putAll([chat("a", { lastSeq: 9, lastMessage: message("a", 9) })]);
  cache.putAll([chat("a", { lastSeq: 8, lastMessage: null })]); // came late
  expect(last("a")?.seq).toBe(9);
});

test("what was deleted before its chat is known is not shown", () => {
  const { cache, last } = world();
  cache.putMessage(message("a", 7));
  cache.putAll([chat("a", { lastSeq: 8, lastMessage: message("a", 2) })]);
  expect(last("a")?.seq).toBe(2);
});

test("what comes of a chat before the chat itself is not lost", () => {
  const { cache, last } = world();
  expect(cache.putMessage(message("a", 7))).toBe(false);
  cache.putMessage(message("a", 6));
  cache.putUnread([{ chatId: "a", unreadCount: 3 }]);
  cache.putAll([chat("a", { lastMessage: message("a", 2), unreadCount: 1 })]);
  expect(last("a")?.seq).toBe(7);
  expect(cache.chat("a")?.unreadCount).toBe(3);
});

test("unread counts have a stream of their own: a list that was read before does not take them back", () => {
  const { cache } = world(chat("a", { unreadCount: 2 }));
  cache.putUnread([{ chatId: "a", unreadCount: 0 }]);
  cache.putAll([chat("a", { lastSeq: 9, unreadCount: 2 })]);
  expect(cache.chat("a")?.unreadCount).toBe(0);
});

test("a chat that was removed, or that one is taken out of, leaves the list and is still known to who looks at it", () => {
  const { cache, ids } = world(chat("a"), chat("b"), chat("c"));
  cache.putAll([
    chat("a", { lastSeq: 2, isActive: false }),
    chat("b", { lastSeq: 2, participantIds: [], participants: [] }),
  ]);
  cache.drop("c");
  expect(ids()).toEqual([]);
  expect(cache.chat("a")?.isActive).toBe(false);
  expect(cache.chat("b")?.participantIds).toEqual([]);
  expect(cache.chat("c")?.participantIds).toEqual(["Bob"]);
  cache.putAll([chat("b", { lastSeq: 1 })]); // an answer that was on its way
  expect(ids()).toEqual([]);
  cache.putAll([chat("b", { lastSeq: 3 })]);
  expect(ids()).toEqual(["b"]);
});
