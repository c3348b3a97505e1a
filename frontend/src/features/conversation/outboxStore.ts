import { type DBSchema, type IDBPDatabase, openDB } from "idb";
import { type Memory, memory } from "../../lib/storage";
import type { Lock, OutboxNews, OutboxStore, OutboxTabs, Outgoing } from "./outbox";

const localMemory = memory(() => localStorage);

interface Schema extends DBSchema {
  messages: { key: string; value: Outgoing };
}

/**
 * The outbox of one user in IndexedDB. Every method fails where the browser keeps nothing. IndexedDB takes its time, and a page
 * may end before: until it has an entry, memory has it.
 */
export class IndexedOutbox implements OutboxStore {
  private readonly db: Promise<IDBPDatabase<Schema>>;

  constructor(
    private readonly userId: string,
    private readonly memory: Memory = localMemory,
  ) {
    this.db = openDB<Schema>(`chat.outbox.${userId}`, 1, {
      upgrade: (db) => void db.createObjectStore("messages", { keyPath: "key" }),
    });
    this.db.catch(() => undefined); // each method tells
  }

  async all(): Promise<Outgoing[]> {
    for (const entry of this.early) await this.put(entry); // also those of another tab, which does the same
    return (await this.db).getAll("messages");
  }

  async put(entry: Outgoing): Promise<void> {
    this.early = [...this.early.filter(({ key }) => key !== entry.key), entry];
    await (await this.db).put("messages", entry);
    this.early = this.early.filter(({ key }) => key !== entry.key);
  }

  async remove(key: string): Promise<void> {
    this.early = this.early.filter((one) => one.key !== key);
    await (await this.db).delete("messages", key);
  }

  /** What IndexedDB may not have yet. */
  private get early(): Outgoing[] {
    return JSON.parse(this.memory.get(`outbox.${this.userId}`) ?? "[]");
  }

  private set early(entries: Outgoing[]) {
    this.memory.set(`outbox.${this.userId}`, entries.length > 0 ? JSON.stringify(entries) : null);
  }

  async close(): Promise<void> {
    (await this.db).close();
  }
}

/** The tabs of one user in this browser. */
export class BroadcastTabs implements OutboxTabs {
  private readonly channel: BroadcastChannel;

  constructor(userId: string) {
    this.channel = new BroadcastChannel(`chat.outbox.${userId}`);
  }

  post(news: OutboxNews): void {
    this.channel.postMessage(news);
  }

  listen(listener: (news: OutboxNews) => void): () => void {
    const heard = ({ data }: MessageEvent<OutboxNews>) => listener(data);
    this.channel.addEventListener("message", heard);
    return () => {
      this.channel.removeEventListener("message", heard);
      this.channel.close();
    };
  }
}

/**
 * One task of a name over all tabs. Browsers have locks only over HTTPS and on this machine; elsewhere two tabs may send the
 * same message at once, which its key makes harmless.
 */
export const acrossTabs: Lock = async (name, task) =>
  navigator.locks ? await navigator.locks.request(name, task) : task();
