import type { Memory } from "../../lib/storage";
import { Drafts } from "./drafts";
import { Feed } from "./feed";
import { type Lock, Outbox, type OutboxStore, type OutboxTabs } from "./outbox";
import type { Source } from "./source";

/** Chats that were looked at last are kept, so that going back shows them at once. */
const kept = 8;

export interface ConversationsDeps {
  userId: string;
  source: Source;
  store: OutboxStore;
  tabs: OutboxTabs;
  lock: Lock;
  memory: Memory;
}

/** All conversations of one person on this page: what waits to be sent in any of them, and the chats that were opened. */
export class Conversations {
  readonly userId: string;
  readonly source: Source;
  readonly outbox: Outbox;
  readonly drafts: Drafts;
  private readonly feeds = new Map<string, Feed>();
  private unlisten: (() => void)[] = [];

  constructor({ userId, source, store, tabs, lock, memory }: ConversationsDeps) {
    this.userId = userId;
    this.source = source;
    this.drafts = new Drafts(memory, userId);
    this.outbox = new Outbox({
      userId,
      store,
      tabs,
      lock,
      send: source.send,
      stored: ({ chatId }, message) => this.feeds.get(chatId)?.apply(message),
    });
  }

  /** Goes on with what waits to be sent. */
  start(): void {
    const wake = () => this.wake();
    window.addEventListener("online", wake);
    this.unlisten = [() => window.removeEventListener("online", wake), this.source.onConnected(wake)];
    void this.outbox.start();
  }

  stop(): void {
    for (const stop of this.unlisten) stop();
    this.outbox.stop();
    for (const feed of this.feeds.values()) feed.stop();
  }

  /** The feed of a chat, as it was left. Whoever shows it starts and stops it. */
  feed(chatId: string): Feed {
    const known = this.feeds.get(chatId);
    const feed = known ?? new Feed(this.source, chatId, this.userId, (key) => this.outbox.confirm(key));
    this.feeds.delete(chatId);
    this.feeds.set(chatId, feed);
    const oldest = this.feeds.keys().next().value;
    if (this.feeds.size > kept && oldest !== undefined) this.feeds.delete(oldest);
    return feed;
  }

  private wake(): void {
    this.outbox.wake();
    for (const feed of this.feeds.values()) feed.wake();
  }
}
