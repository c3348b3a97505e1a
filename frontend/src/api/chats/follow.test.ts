import { ApolloClient, ApolloLink, Observable } from "@apollo/client";
import { getOperationAST } from "graphql";
import { afterEach, expect, test, vi } from "vitest";
import { createStore } from "zustand/vanilla";
import type { Connection, Live, Subscriber } from "../live";
import { createCache } from "../store";
import { type Chat, ChatCache } from "./cache";
import { followChats } from "./follow";
import { chat, message } from "./testData";

afterEach(() => vi.useRealTimers());

/** A server whose chats the test changes, and which says what the test wants said. */
function world(chatsThere: Chat[]) {
  vi.useFakeTimers();
  const there = new Map(chatsThere.map((one) => [one.id, one]));
  const asked: string[] = [];
  let isAway = false;
  const link = new ApolloLink(
    ({ operationName, variables }) =>
      new Observable((observer) => {
        asked.push(operationName ?? "");
        const one = there.get(variables.id);
        if (isAway) return observer.error(new TypeError("away"));
        if (operationName === "ChatPage") {
          const sorted = [...there.values()].sort((a, b) => (a.updatedAt < b.updatedAt ? 1 : -1));
          const from = sorted.findIndex(({ id }) => id === variables.beforeId) + 1;
          observer.next({ data: { chatsByParticipant: sorted.slice(from, from + variables.limit) } });
        } else if (one) observer.next({ data: { chat: one } });
        else observer.next({ data: null, errors: [{ message: "no", extensions: { code: "NOT_FOUND" } }] });
        observer.complete();
      }),
  );
  const client = new ApolloClient({ cache: createCache(), link });
  const chats = new ChatCache(client.cache, "Ann");
  const connection = createStore<Connection>(() => ({ status: "connecting", count: 0 }));
  const subscribers = new Map<string, Subscriber<Record<string, unknown>>>();
  const live = {
    connection,
    subscribe: (document: never, _: unknown, subscriber: never) => {
      subscribers.set(getOperationAST(document)?.name?.value ?? "", subscriber);
      return () => undefined;
    },
  } as unknown as Live;
  const follower = followChats(client, live, chats, "Ann");
  return {
    there,
    asked,
    chats,
    follower,
    away: (is: boolean) => {
      isAway = is;
    },
    say: (operation: string, data: Record<string, unknown>) => subscribers.get(operation)?.next(data, undefined),
    connect: () => connection.setState(({ count }) => ({ status: "connected", count: count + 1 })),
    ids: () => chats.list()?.map(({ id }) => id),
    pass: (ms: number) => vi.advanceTimersByTimeAsync(ms),
  };
}

test("a long list comes in pages, the first of which is there before the others", async () => {
  const many = Array.from({ length: 450 }, (_, n) =>
    chat(`c${n}`, { updatedAt: `2026-01-01T00:00:00.${String(n).padStart(6, "0")}Z` }),
  );
  const w = world(many);
  await w.pass(100);
  expect(w.ids()?.length).toBe(450);
  expect(w.asked).toEqual(["ChatPage", "ChatPage", "ChatPage"]);
  expect(w.follower.state.getState().status).toBe("ready");
});

test("what happened while there was no connection is there after it", async () => {
  const w = world([chat("a"), chat("b")]);
  w.connect();
  await w.pass(3_000);
  expect(w.ids()?.sort()).toEqual(["a", "b"]);
  w.there.delete("b"); // taken out
  w.there.set("c", chat("c")); // brought in
  w.there.set("a", chat("a", { lastSeq: 9, lastMessage: message("a", 9) })); // written by oneself elsewhere
  w.connect();
  await w.pass(3_000);
  expect(w.ids()?.sort()).toEqual(["a", "c"]);
  expect(w.chats.chat("a")?.lastMessage?.seq).toBe(9);
  expect(w.chats.chat("b")?.participantIds).toEqual(["Bob"]);
});

test("where subscriptions begin late, what happened before they did is there all the same", async () => {
  const w = world([chat("a")]);
  w.connect();
  await w.pass(3_000);
  w.connect();
  await w.pass(10_000); // the server has taken them, and waits for its store
  w.say("ChatUpdated", { chatUpdated: chat("a") });
  w.there.set("a", chat("a", { lastMessage: message("a", 9) })); // the stream of messages begins only now
  await w.pass(1_000);
  w.say("ChatUpdated", { chatUpdated: chat("a") });
  await w.pass(1_000);
  expect(w.chats.chat("a")?.lastMessage?.seq).toBe(9);
  const asked = w.asked.length;
  w.say("ChatUpdated", { chatUpdated: chat("a") });
  await w.pass(3_000);
  expect(w.asked.length, "once per connection").toBe(asked);
});

test("a chat that is in no page, because it moved while they were read, is asked for and stays", async () => {
  const w = world([chat("a"), chat("b")]);
  await w.pass(3_000);
  const moved = w.there.get("b") as Chat;
  w.there.delete("b");
  w.follower.refresh();
  w.there.set("b", moved); // it is there for who asks for it alone
  await w.pass(100);
  expect(w.asked.at(-1)).toBe("OneChat");
  expect(w.ids()?.sort()).toEqual(["a", "b"]);
});

test("news are taken as they come, and a chat that is not known is asked for", async () => {
  const w = world([chat("a")]);
  await w.pass(100);
  w.say("ChatAdded", { chatAdded: chat("b") });
  w.say("UnreadCountUpdated", { unreadCountUpdated: { chatId: "b", unreadCount: 4 } });
  w.say("ChatListMessage", { messageUpdateForChatList: message("a", 5) });
  await w.pass(100);
  expect(w.ids()?.sort()).toEqual(["a", "b"]);
  expect(w.chats.chat("b")?.unreadCount).toBe(4);
  expect(w.chats.chat("a")?.lastMessage?.seq).toBe(5);
  w.there.set("c", chat("c"));
  w.say("ChatListMessage", { messageUpdateForChatList: message("c", 6) });
  await w.pass(100);
  expect(w.chats.chat("c")?.lastMessage?.seq).toBe(6);
  w.say("ChatUpdated", { chatUpdated: chat("a", { lastSeq: 8, participantIds: [], participants: [] }) });
  await w.pass(100);
  expect(w.ids()?.sort()).toEqual(["b", "c"]);
});

test("a list that cannot be loaded is tried until it can", async () => {
  const w = world([chat("a")]);
  w.away(true);
  w.follower.refresh();
  await w.pass(100);
  w.away(false);
  await w.pass(5_000);
  expect(w.ids()).toEqual(["a"]);
  w.follower.stop();
});

test("who listens hears of each message and of each chat that was read, as it happens, until they have enough", async () => {
  const w = world([chat("a", { lastMessage: message("a", 1) })]);
  await w.pass(100);
  const heard: string[] = [];
  const stop = w.follower.listen({
    message: ({ id, version }) => heard.push(`${id} at ${version}`),
    read: (chatId) => heard.push(`${chatId} read`),
  });
  w.say("ChatListMessage", { messageUpdateForChatList: message("a", 2) });
  w.say("ChatListMessage", { messageUpdateForChatList: message("a", 2, { version: 3 }) });
  w.say("UnreadCountUpdated", { unreadCountUpdated: { chatId: "a", unreadCount: 1 } });
  w.say("UnreadCountUpdated", { unreadCountUpdated: { chatId: "a", unreadCount: 0 } });
  stop();
  w.say("ChatListMessage", { messageUpdateForChatList: message("a", 4) });
  expect(heard).toEqual(["a-2 at 2", "a-2 at 3", "a read"]);
  w.follower.stop();
});
