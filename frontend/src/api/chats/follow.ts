import type { ApolloClient } from "@apollo/client";
import { createStore, type StoreApi } from "zustand/vanilla";
import { backoff } from "../../lib/backoff";
import { failureOf } from "../failure";
import {
  ChatAddedDocument,
  ChatListMessageDocument,
  ChatPageDocument,
  ChatUpdatedDocument,
  OneChatDocument,
  UnreadCountUpdatedDocument,
} from "../gql/graphql";
import type { Live } from "../live";
import type { Chat, ChatCache, Preview } from "./cache";

/** How far the list is. failed: it could not be loaded, and is tried again. */
export interface ListState {
  status: "loading" | "ready" | "failed";
}

/** The chats of a person, kept as they are on the server for as long as they are followed. */
export interface ChatsFollower {
  state: StoreApi<ListState>;
  /** Asks for everything again. */
  refresh(): void;
  /** Asks for one chat. False: it is not there, or the person is not in it. Errors: Failure. */
  ask(chatId: string): Promise<boolean>;
  /** Tells of what happens from now on, once each; what is read from the list tells nothing. */
  listen(listener: ChatsListener): () => void;
  stop(): void;
}

/** Who wants to know of each thing that happens in the chats. */
export interface ChatsListener {
  /** A message was written, changed or deleted. */
  message(message: Preview): void;
  /** Nothing of a chat is unread now. */
  read(chatId: string): void;
}

const pageSize = 200;

/**
 * So long (ms) after a connection was made, or after the first word on it where the server takes its time, all subscriptions
 * have begun. Then the list is asked for once more: what happened before their beginning is in the answer.
 */
const settleTime = 1_500;

/**
 * Loads the list, follows its changes, and asks for it anew after each connection. The streams of changed chats and of unread
 * counts begin with everything as it is (`current`), so of those nothing is missed across a gap; messages and chats that one
 * has come into or was taken out of are in the list's answer.
 */
export function followChats(client: ApolloClient, live: Live, chats: ChatCache, userId: string): ChatsFollower {
  const state = createStore<ListState>(() => ({ status: "loading" }));
  let stopped = false;
  let isRunning = false;
  let isWanted = false;
  let again: ReturnType<typeof setTimeout> | undefined;
  let attempt = 0;
  let isHeard = false;

  async function ask(id: string): Promise<boolean> {
    try {
      const { data } = await client.query({ query: OneChatDocument, variables: { id }, fetchPolicy: "no-cache" });
      if (data && !stopped) chats.putAll([data.chat]);
      return true;
    } catch (error) {
      const failure = failureOf(error);
      if (failure.code !== "NOT_FOUND") throw failure;
      if (!stopped) chats.drop(id);
      return false;
    }
  }

  /** Reads the whole list, page by page; the first page is shown before the others are there. */
  async function load() {
    const seen = new Set<string>();
    const before = chats.list()?.map(({ id }) => id) ?? [];
    let last: Chat | undefined;
    do {
      const { data } = await client.query({
        query: ChatPageDocument,
        variables: { userId, limit: pageSize, beforeUpdatedAt: last?.updatedAt, beforeId: last?.id },
        fetchPolicy: "no-cache",
      });
      const page: readonly Chat[] = data?.chatsByParticipant ?? [];
      if (stopped) return;
      chats.putAll(page);
      for (const { id } of page) seen.add(id);
      state.setState({ status: "ready" });
      last = page.length === pageSize ? page.at(-1) : undefined;
    } while (last);
    // A chat that moved up while pages were read is in none of them: each that is missing is asked for by itself.
    await Promise.all(before.filter((id) => !seen.has(id)).map(ask));
  }

  /** Loads, once at a time. Whoever asks while it is under way gets a loading that began after the asking. */
  async function refresh() {
    clearTimeout(again);
    isWanted = true;
    if (isRunning) return;
    isRunning = true;
    try {
      while (isWanted && !stopped) {
        isWanted = false;
        await load();
        attempt = 0;
      }
    } catch {
      if (state.getState().status === "loading") state.setState({ status: "failed" });
      if (!stopped) again = setTimeout(refresh, backoff(attempt++));
    } finally {
      isRunning = false;
    }
  }

  function settle() {
    clearTimeout(again);
    again = setTimeout(refresh, settleTime);
  }

  /** The streams of what is current have begun. */
  function heard() {
    if (isHeard) return;
    isHeard = true;
    settle();
  }

  const shapes = new Bursts<Parameters<ChatCache["putAll"]>[0][number]>((all) => chats.putAll(all));
  const counts = new Bursts<{ chatId: string; unreadCount: number }>((all) => chats.putUnread(all));
  const messages = new Bursts<Preview>((all) => {
    for (const id of chats.putMessages(all)) {
      if (state.getState().status === "ready") ask(id).catch(() => undefined); // the next loading has it
    }
  });
  const listeners = new Set<ChatsListener>();
  const leave = [
    live.subscribe(ChatAddedDocument, { userId }, { next: ({ chatAdded }) => shapes.add(chatAdded) }),
    live.subscribe(
      ChatUpdatedDocument,
      { userId },
      {
        next: ({ chatUpdated }) => {
          heard();
          shapes.add(chatUpdated);
        },
      },
    ),
    live.subscribe(
      UnreadCountUpdatedDocument,
      { userId },
      {
        next: ({ unreadCountUpdated }) => {
          counts.add(unreadCountUpdated);
          if (unreadCountUpdated.unreadCount > 0) return;
          for (const one of listeners) one.read(unreadCountUpdated.chatId);
        },
      },
    ),
    live.subscribe(
      ChatListMessageDocument,
      { userId },
      {
        next: ({ messageUpdateForChatList }) => {
          messages.add(messageUpdateForChatList);
          for (const one of listeners) one.message(messageUpdateForChatList);
        },
      },
    ),
    live.connection.subscribe(({ count }, was) => {
      if (count === was.count) return;
      isHeard = false;
      settle();
    }),
  ];
  void refresh();

  return {
    state,
    refresh: () => void refresh(),
    ask,
    listen(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    stop() {
      stopped = true;
      clearTimeout(again);
      shapes.stop();
      counts.stop();
      messages.stop();
      for (const one of leave) one();
    },
  };
}

/** How often a burst is taken, in ms: each time the whole list is read again, 5 ms for 1,000 chats. */
const burstTime = 50;

/** What comes alone is taken at once, what comes in a burst together. */
class Bursts<T> {
  private waiting: T[] = [];
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly take: (all: T[]) => void) {}

  add(one: T) {
    this.waiting.push(one);
    if (this.timer === undefined) this.flush();
  }

  stop() {
    clearTimeout(this.timer);
  }

  private flush() {
    const all = this.waiting;
    this.waiting = [];
    this.timer = all.length > 0 ? setTimeout(() => this.flush(), burstTime) : undefined;
    if (all.length > 0) this.take(all);
  }
}
