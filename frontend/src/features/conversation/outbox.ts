import { failureOf } from "../../api/failure";
import type { Message } from "../../lib/log";
import { uuidMaker } from "../../lib/uuid";
import { Patience, Tries } from "./retry";

/** A message on its way to the server. */
export interface Outgoing {
  /** The clientMessageId, the same at every try: whatever happens, it is stored once. Keys ascend in the order of writing. */
  key: string;
  chatId: string;
  content: string;
  createdAt: string;
  /** The chat's log had reached at least this seq when it was written. */
  afterSeq: number;
  /** sending is known to the tab that sends alone; others, and the store, call it queued. */
  state: "queued" | "sending" | "failed";
  /** Why it failed, as a Failure says it. */
  refusal?: { code: string; reason?: string | undefined; limit?: number | undefined };
}

/** Where messages wait over reloads, for all tabs of one user. */
export interface OutboxStore {
  all(): Promise<Outgoing[]>;
  put(entry: Outgoing): Promise<void>;
  remove(key: string): Promise<void>;
}

/** What the tabs of one user tell each other. */
export type OutboxNews =
  | { kind: "changed" }
  | { kind: "discarded"; key: string }
  | { kind: "sent"; entry: Outgoing; message: Message };

export interface OutboxTabs {
  post(news: OutboxNews): void;
  listen(listener: (news: OutboxNews) => void): () => void;
}

/** Runs one task of a name at a time, in all tabs. */
export type Lock = <T>(name: string, task: () => Promise<T>) => Promise<T>;

export interface OutboxDeps {
  userId: string;
  store: OutboxStore;
  tabs: OutboxTabs;
  lock: Lock;
  /** Sends one message. Errors: Failure. */
  send(entry: Outgoing): Promise<Message>;
  /** Hears of every message that was stored, by whichever tab, before its entry disappears. */
  stored(entry: Outgoing, message: Message): void;
}

const none: readonly Outgoing[] = [];

/**
 * Messages that are to be sent: kept over reloads, sent in the order of writing per chat, one at a time over all tabs, tried
 * until the server has an answer. One that is refused fails alone and waits for the user; those after it go on.
 */
export class Outbox {
  private entries: readonly Outgoing[] = none;
  private byChat = new Map<string, readonly Outgoing[]>();
  /** Not in the store yet, or never where it does not work. */
  private readonly unsaved = new Set<string>();
  /** Sent or discarded: a reading of the store that began before must not bring them back. */
  private readonly done = new Set<string>();
  private readonly turns = new Map<string, Promise<void>>();
  private readonly tries = new Map<string, Tries>();
  private readonly listeners = new Set<() => void>();
  private readonly patience = new Patience();
  private readonly newKey = uuidMaker();
  private unlisten: (() => void) | undefined;
  private stopped = false;

  constructor(private readonly deps: OutboxDeps) {}

  /** Goes on with what waits from before. */
  async start(): Promise<void> {
    this.unlisten = this.deps.tabs.listen((news) => this.hear(news));
    await this.read();
    this.sendAll();
  }

  /** Sends no more; what waits stays in the store. */
  stop(): void {
    this.stopped = true;
    this.unlisten?.();
    this.patience.stop();
  }

  subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  /** What waits in a chat, in the order of writing. The same array until something changes. */
  of(chatId: string): readonly Outgoing[] {
    return this.byChat.get(chatId) ?? none;
  }

  /** What waits or failed in all chats, in the order of writing. The same array until something changes. */
  get all(): readonly Outgoing[] {
    return this.entries;
  }

  /** How many messages wait to be sent or failed, in all chats. */
  get size(): number {
    return this.entries.length;
  }

  /** Shows at once, and sends when it can. */
  enqueue(chatId: string, content: string, afterSeq: number): Outgoing {
    const createdAt = new Date().toISOString();
    const entry: Outgoing = { key: this.newKey(), chatId, content, createdAt, afterSeq, state: "queued" };
    this.save(entry);
    return entry;
  }

  /** Tries a failed one again, under its old key. */
  retry(key: string): void {
    const entry = this.entries.find((one) => one.key === key);
    if (entry?.state !== "failed") return;
    const { refusal: _, ...again } = entry;
    this.save({ ...again, state: "queued" });
  }

  /** Gives a failed one up. */
  discard(key: string): void {
    if (this.entries.find((one) => one.key === key)?.state !== "failed") return;
    this.forget(key);
    this.deps.tabs.post({ kind: "discarded", key });
  }

  /** The chat's log shows that this one is stored, before its answer or without one. */
  confirm(key: string): void {
    if (this.entries.some((one) => one.key === key)) this.forget(key);
  }

  /** The server can be reached again, as far as one can tell. */
  wake(): void {
    this.patience.wake();
  }

  private save(entry: Outgoing): void {
    this.unsaved.add(entry.key);
    this.show(entry);
    this.deps.store.put(entry).then(
      () => {
        this.unsaved.delete(entry.key);
        if (this.done.has(entry.key)) this.drop(entry.key);
        else this.deps.tabs.post({ kind: "changed" });
      },
      () => undefined, // a browser that keeps nothing: it lives as long as the page
    );
    this.send(entry.chatId);
  }

  private forget(key: string): void {
    this.done.add(key);
    this.setEntries(this.entries.filter((one) => one.key !== key));
    this.drop(key);
  }

  private drop(key: string): void {
    this.deps.store.remove(key).catch(() => undefined);
  }

  private hear(news: OutboxNews): void {
    if (news.kind === "changed") {
      this.read().then(() => this.sendAll());
      return;
    }
    if (news.kind === "sent") this.deps.stored(news.entry, news.message);
    const key = news.kind === "sent" ? news.entry.key : news.key;
    this.done.add(key);
    this.setEntries(this.entries.filter((one) => one.key !== key));
  }

  /** Takes over what the store has; what it does not have yet stays. */
  private async read(): Promise<void> {
    const stored = await this.deps.store.all().catch(() => null);
    if (stored === null) return;
    const own = this.entries.filter((one) => this.unsaved.has(one.key));
    const others = stored.filter((one) => !this.done.has(one.key) && !this.unsaved.has(one.key));
    this.setEntries([...others, ...own].map((one) => this.keepSending(one)));
  }

  private keepSending(entry: Outgoing): Outgoing {
    const known = this.entries.find((one) => one.key === entry.key);
    return known?.state === "sending" && entry.state === "queued" ? known : entry;
  }

  private sendAll(): void {
    for (const chatId of this.byChat.keys()) this.send(chatId);
  }

  /** Takes turns: one run per chat at a time here, one message at a time over all tabs. */
  private send(chatId: string): void {
    const before = this.turns.get(chatId) ?? Promise.resolve();
    const turn = before.then(() => this.run(chatId)).catch(() => undefined);
    this.turns.set(chatId, turn);
    turn.then(() => {
      if (this.turns.get(chatId) === turn) this.turns.delete(chatId);
    });
  }

  private async run(chatId: string): Promise<void> {
    while (!this.stopped && this.of(chatId).some((one) => one.state !== "failed")) {
      // The lock is not held while waiting: a tab in the background, whose timers are slow, must not keep others from sending.
      const wait = await this.deps.lock(`chat.outbox.${this.deps.userId}.${chatId}`, () => this.sendWaiting(chatId));
      if (wait === null || !(await this.patience.wait(wait))) return;
    }
  }

  /** Sends until nothing waits (null), or gives the milliseconds after which to go on. */
  private async sendWaiting(chatId: string): Promise<number | null> {
    while (!this.stopped) {
      await this.read(); // another tab may have sent some
      const entry = this.of(chatId).find((one) => one.state !== "failed");
      if (!entry) return null;
      const wait = await this.sendOne(entry);
      if (wait !== null) return wait;
    }
    return null;
  }

  private async sendOne(entry: Outgoing): Promise<number | null> {
    const { chatId, key } = entry;
    this.show({ ...entry, state: "sending" });
    try {
      const message = await this.deps.send(entry);
      this.tries.delete(chatId);
      this.sent(entry, message);
      return null;
    } catch (error) {
      if (this.done.has(key)) return null; // the log has shown it meanwhile
      return this.failed(entry, error);
    }
  }

  private sent(entry: Outgoing, message: Message): void {
    this.deps.stored(entry, message);
    this.deps.tabs.post({ kind: "sent", entry, message }); // before the entry goes, so that no tab shows neither
    this.forget(entry.key);
  }

  private failed(entry: Outgoing, error: unknown): number | null {
    const tries = this.tries.get(entry.chatId) ?? new Tries();
    this.tries.set(entry.chatId, tries);
    const wait = tries.after(error);
    if (wait !== null) {
      this.show({ ...entry, state: "queued" });
      return wait;
    }
    this.tries.delete(entry.chatId);
    const { code, reason, limit } = failureOf(error);
    this.save({ ...entry, state: "failed", refusal: { code, reason, limit } });
    return null;
  }

  private show(entry: Outgoing): void {
    if (this.done.has(entry.key)) return;
    this.setEntries([...this.entries.filter((one) => one.key !== entry.key), entry]);
  }

  private setEntries(entries: readonly Outgoing[]): void {
    this.entries = entries.toSorted((a, b) => (a.key < b.key ? -1 : 1));
    this.byChat = new Map();
    for (const entry of this.entries) this.byChat.set(entry.chatId, [...this.of(entry.chatId), entry]);
    for (const listener of this.listeners) listener();
  }
}
