import { Failure } from "../../api/failure";
import type { Message } from "../../lib/log";
import type { Outgoing } from "./outbox";
import type {
  ChatEvent,
  EventKind,
  EventSink,
  Opening,
  Person,
  Reader,
  Reading,
  ReadStatus,
  Shape,
  Source,
} from "./source";

/**
 * One chat of a server that behaves as ours does, in memory: for tests of what the pages make of it. Tests make its troubles:
 * `fail` is asked before each call, `cut` loses the live connection.
 */
export class FakeServer {
  readonly messages: Message[] = [];
  readonly rows: ChatEvent[] = [];
  readonly calls: string[] = [];
  members: Person[] = ["ann", "bob", "eve"].map(person);
  isActive = true;
  readSeq = 0;
  keptFrom = 0;
  fail: (call: string) => Failure | null = () => null;
  readonly positions = new Map<string, { seq: number; readAt: string }>();
  private readonly followers = new Set<Follower>();
  private readonly readFollowers = new Set<{ messageId: string; read: (reader: Reader) => void }>();
  private readonly connected = new Set<() => void>();

  constructor(readonly me = "ann") {}

  get lastSeq(): number {
    return this.rows.length;
  }

  say(senderId: string, content: string, key: string | null = null): Message {
    const seq = this.lastSeq + 1;
    const createdAt = new Date(Date.UTC(2026, 0, 1, 12, 0, seq)).toISOString();
    const message: Message = {
      id: `m${seq}`,
      seq,
      version: seq,
      senderId,
      content,
      createdAt,
      editedAt: null,
      isDeleted: false,
      clientMessageId: key,
    };
    this.messages.push(message);
    this.log("MESSAGE_ADDED", null, message);
    return message;
  }

  change(id: string, change: Partial<Message>): Message {
    const at = this.messages.findIndex((one) => one.id === id);
    const known = this.messages[at];
    if (!known) throw new Failure("NOT_FOUND", `Message with ID ${id} not found`);
    const message = { ...known, ...change, version: this.lastSeq + 1 };
    this.messages[at] = message;
    this.log(message.isDeleted ? "MESSAGE_DELETED" : "MESSAGE_UPDATED", null, message);
    return message;
  }

  edit(id: string, content: string): Message {
    return this.change(id, { content, editedAt: "2026-01-02T00:00:00Z" });
  }

  remove(id: string): Message {
    return this.change(id, { content: "", isDeleted: true });
  }

  join(name: string): void {
    this.members = [...this.members, person(name)];
    this.log("MEMBER_ADDED", name, null);
  }

  leave(name: string): void {
    this.members = this.members.filter((one) => one.id !== name);
    this.log("MEMBER_REMOVED", name, null);
    if (name === this.me) for (const one of [...this.followers]) one.end();
  }

  close(): void {
    this.isActive = false;
    this.log("CHAT_REMOVED", null, null);
  }

  /** Somebody reads. */
  reads(userId: string, upToSeq: number): void {
    const before = this.positions.get(userId)?.seq ?? 0;
    if (upToSeq <= before) return;
    const readAt = "2026-01-03T00:00:00Z";
    this.positions.set(userId, { seq: upToSeq, readAt });
    for (const { messageId, read } of this.readFollowers) {
      const message = this.messages.find((one) => one.id === messageId);
      if (message && message.seq > before && message.seq <= upToSeq) read({ userId, readAt });
    }
  }

  /** Loses the live connection. What is said meanwhile is replayed by the next. */
  cut(meanwhile: () => void = () => {}): void {
    const lost = [...this.followers];
    for (const one of lost) one.pause();
    meanwhile();
    for (const one of lost) one.begin();
    for (const listener of this.connected) listener();
  }

  get followed(): number {
    return this.followers.size;
  }

  get watched(): string[] {
    return [...this.readFollowers].map(({ messageId }) => messageId);
  }

  private log(kind: EventKind, userId: string | null, message: Message | null): void {
    this.rows.push({ seq: this.lastSeq + 1, kind, userId, message });
    for (const one of [...this.followers]) one.catchUp();
  }

  /** A row as it is delivered now: with its message as it is now. */
  row(seq: number): ChatEvent {
    const row = this.rows[seq - 1] as ChatEvent;
    const message = this.messages.find((one) => one.seq === row.message?.seq) ?? null;
    return { ...row, message };
  }

  private call<T>(name: string, answer: () => T): Promise<T> {
    this.calls.push(name);
    const failure = this.fail(name) ?? (this.isMember ? null : new Failure("NOT_FOUND", "Chat with ID c not found"));
    if (failure) return Promise.reject(failure);
    const value = answer();
    return Promise.resolve(value);
  }

  get isMember(): boolean {
    return this.members.some((one) => one.id === this.me);
  }

  private newest(before: number, limit: number, deletedToo: boolean): Reading {
    const all = this.messages.filter((one) => one.seq < before && (deletedToo || !one.isDeleted));
    return { messages: all.slice(-limit), people: this.members };
  }

  private get shape(): Shape {
    return { id: "c", chatType: "group", isActive: this.isActive, participants: this.members };
  }

  private get unreadCount(): number {
    return this.messages.filter((one) => one.seq > this.readSeq && one.senderId !== this.me && !one.isDeleted).length;
  }

  /** What the pages see of it. */
  readonly source: Source = {
    open: (_, first) =>
      this.call("open", (): Opening => {
        const { shape, lastSeq, readSeq, unreadCount } = this;
        const recent = this.newest(Number.POSITIVE_INFINITY, first, true).messages;
        const tombstones = recent.filter((one) => one.isDeleted);
        const tombstonesFrom = recent.length < first ? 0 : (recent[0]?.seq ?? 0);
        return {
          ...this.newest(Number.POSITIVE_INFINITY, first, false),
          shape,
          lastSeq,
          readSeq,
          unreadCount,
          tombstones,
          tombstonesFrom,
        };
      }),
    shape: () => this.call("shape", () => this.shape),
    older: (_, before, limit) => this.call(`older ${limit}`, () => this.newest(before, limit, true)),
    follow: (_, afterSeq, sink) => {
      const follower = new Follower(this, afterSeq, sink);
      this.followers.add(follower);
      follower.onEnd = () => this.followers.delete(follower);
      follower.begin();
      return () => {
        follower.pause();
        this.followers.delete(follower);
      };
    },
    send: ({ key, content }: Outgoing) =>
      this.call("send", () => {
        const known = this.messages.find((one) => one.clientMessageId === key);
        return known ?? this.say(this.me, content, key);
      }),
    edit: (id, content) => this.call("edit", () => this.edit(id, content)),
    remove: (id) => this.call("remove", () => this.remove(id)),
    markRead: (_, upToSeq) =>
      this.call(`read ${upToSeq}`, () => {
        this.readSeq = Math.max(this.readSeq, upToSeq);
      }),
    statuses: (ids) =>
      this.call(`statuses ${ids.join(" ")}`, () =>
        ids.map((messageId): ReadStatus => {
          const message = this.messages.find((one) => one.id === messageId) as Message;
          const others = this.members.filter((one) => one.id !== message.senderId);
          const readers = others.flatMap(({ id }) => {
            const position = this.positions.get(id);
            return position && position.seq >= message.seq ? [{ userId: id, readAt: position.readAt }] : [];
          });
          return { messageId, total: others.length, readers };
        }),
      ),
    followReads: (messageId, read) => {
      const follower = { messageId, read };
      this.readFollowers.add(follower);
      return () => this.readFollowers.delete(follower);
    },
    onConnected: (listener) => {
      this.connected.add(listener);
      return () => this.connected.delete(listener);
    },
  };
}

/** One subscription to the log. Rows come in tasks of their own, as they do from a socket. */
class Follower {
  onEnd = () => {};
  private at = 0;
  private connection = 0;
  private running = false;

  constructor(
    private readonly server: FakeServer,
    private readonly afterSeq: () => number,
    private readonly sink: EventSink,
  ) {}

  begin(): void {
    this.connection++;
    this.running = true;
    this.at = this.afterSeq();
    const tooFar = this.at < this.server.keptFrom || this.at > this.server.lastSeq;
    if (!this.server.isMember) this.refuse("NOT_FOUND");
    else if (tooFar) this.refuse("RESYNC_REQUIRED");
    else this.catchUp();
  }

  pause(): void {
    this.running = false;
    this.connection++;
  }

  catchUp(): void {
    if (!this.running) return;
    while (this.at < this.server.lastSeq) {
      const event = this.server.row(++this.at);
      this.soon(() => this.sink.event(event));
    }
  }

  /** The viewer is no member any more. */
  end(): void {
    this.soon(() => {
      this.pause();
      this.onEnd();
      this.sink.ended();
    });
  }

  private refuse(code: string): void {
    this.soon(() => {
      this.pause();
      this.onEnd();
      this.sink.failed(new Failure(code, code));
    });
  }

  private soon(act: () => void): void {
    const { connection } = this;
    setTimeout(() => connection === this.connection && act());
  }
}

export function person(name: string): Person {
  return { id: name, username: name, displayName: `${name[0]?.toUpperCase()}${name.slice(1)}`, isActive: true };
}
