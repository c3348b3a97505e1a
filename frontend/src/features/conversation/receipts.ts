import type { Reader, ReadStatus, Source } from "./source";

/** How far an own message has come. */
export type Receipt = "stored" | "some" | "all";

/** Queries that ask for many go in parts of this size; a document has at most ten root fields. */
const batch = 10;
/** How many messages are watched at most: what fits on a screen, and more than that on none. */
const mostWatched = 40;
/** A reader may come between the answer and the subscription. So it is asked once more, this much later (ms). */
const again = 1500;

/** What is known of one message's readers. */
export interface Known {
  total: number;
  readers: ReadonlyMap<string, string>; // user to when
}

/**
 * Who has read the own messages that are in sight, live: only those are subscribed to that not everybody has read yet.
 */
export class Receipts {
  private readonly known = new Map<string, Known>();
  private readonly watched = new Map<string, () => void>();
  private readonly listeners = new Set<() => void>();
  private unlisten: (() => void) | undefined;
  private recheck: ReturnType<typeof setTimeout> | undefined;
  private sight: readonly string[] = [];

  constructor(private readonly source: Source) {}

  start(): void {
    this.unlisten = this.source.onConnected(() => this.ask([...this.watched.keys()]));
  }

  stop(): void {
    this.sight = [];
    this.unlisten?.();
    clearTimeout(this.recheck);
    for (const leave of this.watched.values()) leave();
    this.watched.clear();
  }

  subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  /** How far a message has come; stored while nothing more is known. */
  of(messageId: string): Receipt {
    const known = this.known.get(messageId);
    if (known === undefined || known.readers.size === 0) return "stored";
    return known.readers.size >= known.total ? "all" : "some";
  }

  /** What is known of a message's readers. The same object until something changes. */
  details(messageId: string): Known | undefined {
    return this.known.get(messageId);
  }

  /** Watches these messages and no others. Those that everybody has read need no watching. */
  watch = (messageIds: readonly string[]): void => {
    this.sight = messageIds.slice(-mostWatched);
    const fresh = this.follow();
    if (fresh.length === 0) return;
    this.ask(fresh);
    clearTimeout(this.recheck);
    this.recheck = setTimeout(() => this.ask([...this.watched.keys()]), again);
  };

  /** Subscribes to what is in sight and not read by all, and to nothing else. Gives what is new. */
  private follow(): string[] {
    const wanted = new Set(this.sight.filter((id) => this.of(id) !== "all"));
    for (const [id, leave] of this.watched) {
      if (wanted.has(id)) continue;
      leave();
      this.watched.delete(id);
    }
    const fresh = [...wanted].filter((id) => !this.watched.has(id));
    for (const id of fresh)
      this.watched.set(
        id,
        this.source.followReads(id, (reader) => this.read(id, reader)),
      );
    return fresh;
  }

  /** Reads anew who has read this message. Errors: Failure. */
  async refresh(messageId: string): Promise<void> {
    this.take(await this.source.statuses([messageId]));
  }

  /** The members have changed, and with them how many there are to read. */
  membersChanged(): void {
    const sight = new Set(this.sight);
    for (const id of this.known.keys()) if (!sight.has(id)) this.known.delete(id);
    this.ask(this.sight);
  }

  private ask(messageIds: readonly string[]): void {
    for (let at = 0; at < messageIds.length; at += batch) {
      this.source.statuses(messageIds.slice(at, at + batch)).then(
        (statuses) => this.take(statuses),
        () => undefined, // the ticks stay as they are until the next asking
      );
    }
  }

  private take(statuses: readonly ReadStatus[]): void {
    for (const { messageId, total, readers } of statuses) {
      this.known.set(messageId, { total, readers: new Map(readers.map(({ userId, readAt }) => [userId, readAt])) });
    }
    this.changed();
  }

  private read(messageId: string, { userId, readAt }: Reader): void {
    const known = this.known.get(messageId);
    if (known === undefined) {
      this.ask([messageId]); // how many there are is not known yet
      return;
    }
    this.known.set(messageId, { ...known, readers: new Map([...known.readers, [userId, readAt]]) });
    this.changed();
  }

  private changed(): void {
    this.follow();
    for (const listener of this.listeners) listener();
  }
}
