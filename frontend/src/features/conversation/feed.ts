import { Failure, failureOf } from "../../api/failure";
import { backoff } from "../../lib/backoff";
import {
  addPage,
  applyEvent,
  applyMessage,
  type Log,
  type Message,
  openLog,
  type Page,
  pageOf,
  reopenLog,
} from "../../lib/log";
import { countUnread } from "../../lib/timeline";
import { Patience, Tries } from "./retry";
import type { ChatEvent, Opening, Person, Shape, Source } from "./source";

/** What is known of a chat. Old content stays until the new is there. */
export interface FeedState {
  /** gone: the chat does not exist, or not for this person (any more). failed: it could not be opened, for a reason that stays. */
  phase: "opening" | "open" | "gone" | "failed";
  failure: Failure | null;
  shape: Shape | null;
  /** Everybody who is named in the messages. */
  people: ReadonlyMap<string, Person>;
  log: Log | null;
  /** The person's own position: everything up to it is read. */
  readSeq: number;
  /** Of the messages above the loaded ones. */
  older: "idle" | "loading" | "failed";
  /** How often the log was read from the beginning: with another number it is another list. */
  reading: number;
}

const firstPage = 50;
const olderPage = 100;
/** How many unread messages are loaded at once to begin reading at the first. With more, reading begins at the newest. */
const mostUnread = 980;
/** What is shown of what was read before. */
const context = 20;
/** Who looks at a chat must not see an old state of it unawares: whatever the reason, it is tried again after so long (ms). */
const hopeless = 30_000;
/** Rows of a replay come one by one; they are shown together, this often (ms). */
const frame = 16;

const empty: FeedState = {
  phase: "opening",
  failure: null,
  shape: null,
  people: new Map(),
  log: null,
  readSeq: 0,
  older: "idle",
  reading: 0,
};

/**
 * One chat, followed: its newest messages, older ones on demand, and every change since, without a hole or a repeat, over all
 * connections. It can be stopped and started again, and keeps what it knows.
 */
export class Feed {
  private state = empty;
  private readonly listeners = new Set<() => void>();
  private patience = new Patience();
  private unfollow: (() => void) | undefined;
  /** Answers to what was asked before the last opening or stop are not taken, nor rows of an earlier subscription. */
  private era = 0;
  private subscription = 0;
  private readonly tries = new Tries();
  private askedAgainAt = -1;
  private resyncs = 0;
  private told = 0;
  private telling: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly source: Source,
    readonly chatId: string,
    private readonly userId: string,
    /** Hears of the keys of own messages that the log shows. */
    private readonly confirm: (key: string) => void,
  ) {}

  /** Opens the chat. What is known from before is shown until it is. */
  start(): void {
    this.patience = new Patience();
    if (this.state.phase === "gone" || this.state.phase === "failed") this.state = empty;
    void this.open();
  }

  stop(): void {
    this.era++;
    this.patience.stop();
    this.unsubscribe();
    if (this.state.older === "loading") this.set({ older: "idle" });
  }

  subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  snapshot = (): FeedState => this.state;

  /** The server can be reached again, as far as one can tell. */
  wake(): void {
    this.patience.wake();
    if (this.state.older === "failed") void this.loadOlder();
  }

  /** A message as an answer has it. */
  apply(message: Message): void {
    const { log } = this.state;
    if (log !== null) this.set({ log: applyMessage(log, message) });
  }

  /** The person has read up to there. */
  read(upToSeq: number): void {
    if (upToSeq > this.state.readSeq) this.set({ readSeq: upToSeq });
  }

  /** Loads the page above, unless that is under way or there is none. */
  async loadOlder(limit = olderPage): Promise<void> {
    const { log, older } = this.state;
    if (log === null || log.floor === 0 || older === "loading") return;
    const era = this.era;
    this.set({ older: "loading" });
    try {
      const page = await this.readPage(log.floor, limit);
      await this.shown();
      if (era === this.era) this.take(page, "idle");
    } catch {
      if (era === this.era) this.set({ older: "failed" });
    }
  }

  private async readPage(before: number, limit: number): Promise<Page> {
    const { messages, people } = await this.source.older(this.chatId, before, limit);
    this.meet(people);
    return pageOf(messages, limit, before);
  }

  private take(page: Page, older: FeedState["older"]): void {
    const { log } = this.state;
    if (log === null) return;
    this.set({ log: addPage(log, page), older });
    this.tellNow();
  }

  private async open(): Promise<void> {
    const era = ++this.era;
    this.unsubscribe();
    for (;;) {
      try {
        const opening = await this.source.open(this.chatId, firstPage);
        const log = await this.beginning(opening);
        if (era !== this.era) return;
        this.opened(opening, log);
        return;
      } catch (error) {
        if (era !== this.era || !(await this.bear(error)) || era !== this.era) return;
      }
    }
  }

  /** The log of an opening, with all that is unread, if that is not too much. */
  private async beginning(opening: Opening): Promise<Log> {
    const page = pageOf(opening.messages, firstPage);
    const floor = Math.max(page.floor, opening.tombstonesFrom);
    const whole = (message: Message) => message.seq >= floor;
    const read = openLog({ ...page, messages: page.messages.filter(whole), floor }, opening.lastSeq);
    // They were read beside the messages. A deletion is final, so it is true whichever was first.
    const log = opening.tombstones.filter(whole).reduce(applyMessage, read);
    return this.reachUnread(log, opening);
  }

  private async reachUnread(
    log: Log,
    { unreadCount, readSeq }: Pick<Opening, "unreadCount" | "readSeq">,
  ): Promise<Log> {
    if (unreadCount > mostUnread) return log;
    const missing = unreadCount - countUnread(log.messages, this.userId, readSeq);
    if (missing <= 0 || log.floor <= readSeq) return log;
    const page = await this.readPage(log.floor, missing + context);
    return this.reachUnread(addPage(log, page), { unreadCount, readSeq });
  }

  private opened(opening: Opening, fresh: Log): void {
    const { log: old, readSeq, reading } = this.state;
    this.tries.succeeded();
    this.meet([...opening.people, ...opening.shape.participants]);
    this.set({
      phase: "open",
      failure: null,
      shape: opening.shape,
      log: old === null ? fresh : reopenLog(old, fresh),
      readSeq: Math.max(readSeq, opening.readSeq),
      older: "idle",
      reading: reading + 1,
    });
    this.follow();
    for (const { clientMessageId } of fresh.messages) this.confirmed(clientMessageId);
  }

  /** False: there is no point in trying again, and the state says so. */
  private async bear(error: unknown): Promise<boolean> {
    const failure = failureOf(error);
    if (failure.code === "NOT_FOUND") {
      this.leave();
      return false;
    }
    const wait = this.tries.after(failure) ?? (this.state.log === null ? null : hopeless);
    if (wait === null) {
      this.set({ phase: "failed", failure });
      return false;
    }
    return this.patience.wait(wait);
  }

  private follow(): void {
    this.unsubscribe();
    const subscription = this.subscription;
    const ifCurrent = (act: () => void) => {
      if (subscription === this.subscription) act();
    };
    this.unfollow = this.source.follow(this.chatId, () => this.state.log?.cursor ?? 0, {
      event: (event) => ifCurrent(() => this.row(event)),
      failed: (failure) => ifCurrent(() => this.ended(failure)),
      ended: () => ifCurrent(() => this.ended(null)),
    });
  }

  private unsubscribe(): void {
    this.subscription++;
    this.unfollow?.();
    this.unfollow = undefined;
  }

  private row(event: ChatEvent): void {
    const { log } = this.state;
    if (log === null) return;
    // The log has no holes. Should one come all the same, it is asked for again, once.
    if (event.seq > log.cursor + 1 && this.askedAgainAt !== log.cursor) {
      this.askedAgainAt = log.cursor;
      this.follow();
      return;
    }
    this.tries.succeeded();
    this.resyncs = 0;
    this.set({ log: applyEvent(log, event) });
    this.confirmed(event.message?.clientMessageId ?? null);
    if (event.kind === "MEMBER_REMOVED" && event.userId === this.userId) this.leave();
    else if (!event.kind.startsWith("MESSAGE_")) this.readShape();
  }

  /** The server ends a subscription for a reason: the log is too far ahead, the person has left, or a limit is reached. */
  private async ended(failure: Failure | null): Promise<void> {
    this.unsubscribe();
    const { era } = this;
    if (failure?.code === "RESYNC_REQUIRED") {
      const again = this.resyncs++ > 0; // reading anew has not helped
      const goesOn = !again || (await this.patience.wait(backoff(this.resyncs)));
      if (goesOn && era === this.era) this.open();
      return;
    }
    try {
      if (failure !== null) throw failure;
      await this.source.shape(this.chatId); // says NOT_FOUND to who has left
      throw new Failure("UNAVAILABLE", "the subscription has ended");
    } catch (error) {
      if (era === this.era && (await this.bear(error)) && era === this.era) this.follow();
    }
  }

  private async readShape(): Promise<void> {
    const era = this.era;
    try {
      const shape = await this.source.shape(this.chatId);
      if (era !== this.era) return;
      this.meet(shape.participants);
      this.set({ shape });
    } catch (error) {
      if (era !== this.era) return;
      if (failureOf(error).code === "NOT_FOUND") this.leave();
      else if (await this.patience.wait(5000)) this.readShape();
    }
  }

  private leave(): void {
    this.era++;
    this.unsubscribe();
    this.set({ ...empty, phase: "gone" });
  }

  private confirmed(key: string | null): void {
    if (key !== null) this.confirm(key);
  }

  private meet(people: readonly Person[]): void {
    const known = this.state.people;
    const other = people.filter((one) => !samePerson(known.get(one.id), one));
    if (other.length > 0) this.set({ people: new Map([...known, ...other.map((one) => [one.id, one] as const)]) });
  }

  private set(change: Partial<FeedState>): void {
    const next = { ...this.state, ...change };
    if (Object.keys(change).every((key) => this.state[key as keyof FeedState] === next[key as keyof FeedState])) return;
    this.state = next;
    this.tell();
  }

  /** At once, or soon after the last time. */
  private tell(): void {
    if (this.telling !== undefined) return;
    const wait = this.told + frame - performance.now();
    if (wait <= 0) this.tellNow();
    else this.telling = setTimeout(() => this.tellNow(), wait);
  }

  private tellNow(): void {
    clearTimeout(this.telling);
    this.telling = undefined;
    this.told = performance.now();
    for (const listener of this.listeners) listener();
  }

  /** Until everything so far is shown: what comes above and what comes below must not come at once, or the place is lost. */
  private async shown(): Promise<void> {
    while (this.telling !== undefined) {
      this.tellNow();
      await new Promise((resolve) => setTimeout(resolve));
    }
  }
}

function samePerson(a: Person | undefined, b: Person): boolean {
  return a?.username === b.username && a.displayName === b.displayName && a.isActive === b.isActive;
}
