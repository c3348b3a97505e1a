import "fake-indexeddb/auto";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { Failure } from "../../api/failure";
import type { Message } from "../../lib/log";
import { seeded } from "../../lib/random";
import { type Lock, Outbox, type OutboxNews, type OutboxTabs, type Outgoing } from "./outbox";
import { IndexedOutbox } from "./outboxStore";

/** A server that stores each key once, and an answer that may be lost. */
class Server {
  readonly messages: Message[] = [];
  calls = 0;
  atOnce = 0;
  mostAtOnce = 0;
  /** What happens to the next call: null is nothing. */
  trouble: (entry: Outgoing) => { before?: Failure; after?: Failure } | null = () => null;

  send = async (entry: Outgoing): Promise<Message> => {
    this.calls++;
    this.atOnce++;
    this.mostAtOnce = Math.max(this.mostAtOnce, this.atOnce);
    try {
      const trouble = this.trouble(entry);
      await new Promise((resolve) => setTimeout(resolve, 5));
      if (trouble?.before) throw trouble.before;
      const message = this.store(entry);
      if (trouble?.after) throw trouble.after;
      return message;
    } finally {
      this.atOnce--;
    }
  };

  private store(entry: Outgoing): Message {
    const known = this.messages.find((one) => one.clientMessageId === entry.key);
    if (known) return known;
    const seq = this.messages.length + 1;
    const message: Message = {
      id: `m${seq}`,
      seq,
      version: seq,
      senderId: "ann",
      content: entry.content,
      createdAt: entry.createdAt,
      editedAt: null,
      isDeleted: false,
      clientMessageId: entry.key,
    };
    this.messages.push(message);
    return message;
  }

  get contents() {
    return this.messages.map((message) => message.content);
  }
}

/** One browser: what its tabs share. */
class Browser {
  private readonly locks = new Map<string, Promise<unknown>>();
  private readonly listeners = new Set<(news: OutboxNews) => void>();

  constructor(readonly userId: string) {}

  readonly lock: Lock = (name, task) => {
    const turn = (this.locks.get(name) ?? Promise.resolve()).then(task, task);
    this.locks.set(name, turn);
    return turn;
  };

  tabs(): OutboxTabs {
    let own: ((news: OutboxNews) => void) | undefined;
    return {
      post: (news) => {
        for (const listener of this.listeners) if (listener !== own) setTimeout(() => listener(structuredClone(news)));
      },
      listen: (listener) => {
        own = listener;
        this.listeners.add(listener);
        return () => this.listeners.delete(listener);
      },
    };
  }
}

const unreachable = new Failure("UNREACHABLE", "The server cannot be reached");
const open: { outbox: Outbox; store: IndexedOutbox }[] = [];
let server: Server;
let browser: Browser;
let users = 0;

async function tab(stored: (entry: Outgoing, message: Message) => void = () => {}) {
  const store = new IndexedOutbox(browser.userId);
  const { userId, lock } = browser;
  const outbox = new Outbox({ userId, store, tabs: browser.tabs(), lock, send: server.send, stored });
  open.push({ outbox, store });
  await outbox.start();
  return outbox;
}

const states = (outbox: Outbox, chatId = "c") => outbox.of(chatId).map(({ content, state }) => `${content} ${state}`);

/** Until nothing waits. The server is hoped for all the time, lest the test wait as long as people do. */
async function empty(outbox: Outbox) {
  const hope = setInterval(() => outbox.wake(), 5);
  await vi.waitFor(() => expect(outbox.size).toBe(0), { timeout: 5000 }).finally(() => clearInterval(hope));
}

beforeEach(() => {
  server = new Server();
  browser = new Browser(`user${++users}`);
  vi.spyOn(Math, "random").mockReturnValue(0);
});

afterEach(async () => {
  vi.restoreAllMocks();
  for (const { outbox, store } of open.splice(0)) {
    outbox.stop();
    await store.close();
  }
});

test("what IndexedDB had no time to keep when the page ended is sent when it comes back", async () => {
  const store = new IndexedOutbox(browser.userId);
  const entry: Outgoing = {
    key: "k",
    chatId: "c",
    content: "at the last moment",
    createdAt: "",
    afterSeq: 0,
    state: "queued",
  };
  const keeping = store.put(entry);
  const left = { ...localStorage };
  await keeping;
  expect({ ...localStorage }).not.toEqual(left); // IndexedDB has it now
  await store.remove(entry.key);
  await store.close();
  Object.assign(localStorage, left);
  const outbox = await tab();
  await empty(outbox);
  expect(server.contents).toEqual(["at the last moment"]);
  expect(JSON.stringify({ ...localStorage })).not.toContain("at the last moment");
});

test("shows at once, sends in the order of writing, and disappears when stored", async () => {
  const stored: string[] = [];
  const outbox = await tab((entry, message) => stored.push(`${entry.content} ${message.id} ${outbox.of("c").length}`));
  outbox.enqueue("c", "one", 0);
  outbox.enqueue("c", "two", 0);
  expect(states(outbox)).toEqual(["one queued", "two queued"]);
  await empty(outbox);
  expect(server.contents).toEqual(["one", "two"]);
  expect(stored).toEqual(["one m1 2", "two m2 1"]); // it is told while the entry is still there
});

test("chats do not wait for one another", async () => {
  server.trouble = (entry) => (entry.chatId === "c" ? { before: unreachable } : null);
  const outbox = await tab();
  outbox.enqueue("c", "stuck", 0);
  outbox.enqueue("d", "free", 0);
  await vi.waitFor(() => expect(server.contents).toEqual(["free"]));
  expect(outbox.of("c").length).toBe(1);
});

describe("what passes is tried again", () => {
  test.each([
    ["no answer", { before: unreachable }],
    ["an answer that was lost", { after: unreachable }],
    ["a store out of reach", { before: new Failure("UNAVAILABLE", "busy") }],
    ["an unknown outcome", { after: new Failure("UNAVAILABLE", "busy") }],
    ["a session that ends", { before: new Failure("UNAUTHENTICATED", "Not signed in") }],
    ["a fault inside the server", { before: new Failure("INTERNAL_SERVER_ERROR", "internal error") }],
  ])("%s", async (_, trouble) => {
    const outbox = await tab();
    server.trouble = () => (server.calls < 3 ? trouble : null);
    outbox.enqueue("c", "one", 0);
    outbox.enqueue("c", "two", 0);
    await empty(outbox);
    expect(server.contents).toEqual(["one", "two"]);
    expect(server.calls).toBeGreaterThan(3);
  });

  test("too often: not before the server says", async () => {
    const outbox = await tab();
    server.trouble = () =>
      server.calls === 1 ? { before: new Failure("RATE_LIMITED", "later", { retryAfter: 1 }) } : null;
    const began = Date.now();
    outbox.enqueue("c", "one", 0);
    await vi.waitFor(() => expect(outbox.size).toBe(0), { timeout: 5000 });
    expect(Date.now() - began).toBeGreaterThanOrEqual(1000);
    expect(server.calls).toBe(2);
  });

  test("at once when there is reason to hope", async () => {
    vi.spyOn(Math, "random").mockReturnValue(0.99);
    const outbox = await tab();
    server.trouble = () => (server.calls <= 4 ? { before: unreachable } : null);
    outbox.enqueue("c", "one", 0);
    for (let calls = 1; calls <= 4; calls++) {
      await vi.waitFor(() => expect([server.calls, states(outbox)]).toEqual([calls, ["one queued"]]));
      outbox.wake();
    }
    await empty(outbox);
  });
});

describe("what is refused", () => {
  test.each(["BAD_USER_INPUT", "IDEMPOTENCY_MISMATCH", "FORBIDDEN", "NOT_FOUND", "CONFLICT", "PAYLOAD_TOO_LARGE"])(
    "fails alone: %s",
    async (code) => {
      const outbox = await tab();
      server.trouble = (entry) =>
        entry.content === "bad" ? { before: new Failure(code, "no", { reason: "TOO_LONG", limit: 8 }) } : null;
      outbox.enqueue("c", "bad", 0);
      outbox.enqueue("c", "good", 0);
      await vi.waitFor(() => expect(states(outbox)).toEqual(["bad failed"]));
      expect(outbox.of("c")[0]?.refusal).toEqual({ code, reason: "TOO_LONG", limit: 8 });
      expect(server.contents).toEqual(["good"]);
    },
  );

  test("is sent again under its old key, or given up", async () => {
    const outbox = await tab();
    server.trouble = () => ({ after: new Failure("FORBIDDEN", "no") });
    const { key } = outbox.enqueue("c", "one", 0);
    const other = outbox.enqueue("c", "two", 0);
    await vi.waitFor(() => expect(states(outbox)).toEqual(["one failed", "two failed"]));
    server.trouble = () => null;
    outbox.discard(other.key);
    outbox.retry(key);
    await empty(outbox);
    expect(server.messages.map((message) => message.clientMessageId)).toEqual([key, other.key]);
    expect(server.calls).toBe(3);
  });

  test("a server that stays broken does not hold up the chat for ever", async () => {
    const outbox = await tab();
    server.trouble = (entry) =>
      entry.content === "bad" ? { before: new Failure("INTERNAL_SERVER_ERROR", "internal error") } : null;
    outbox.enqueue("c", "bad", 0);
    outbox.enqueue("c", "good", 0);
    const hope = setInterval(() => outbox.wake(), 5);
    await vi.waitFor(() => expect(states(outbox)).toEqual(["bad failed"])).finally(() => clearInterval(hope));
    expect(server.contents).toEqual(["good"]);
  });
});

test("what waits survives a reload, with its key, and what failed does so too", async () => {
  server.trouble = (entry) => ({ before: entry.content === "bad" ? new Failure("FORBIDDEN", "no") : unreachable });
  const before = await tab();
  before.enqueue("c", "bad", 7);
  before.enqueue("c", "good", 7);
  await vi.waitFor(() => expect(states(before)).toEqual(["bad failed", "good queued"]));
  const kept = before.of("c");
  before.stop();
  const after = await tab();
  expect(after.of("c")).toEqual(kept);
  server.trouble = () => null;
  await vi.waitFor(() => expect(server.contents).toEqual(["good"]), { timeout: 5000 });
  expect(states(after)).toEqual(["bad failed"]);
});

test("the log may show a message before its answer, or instead of it", async () => {
  const outbox = await tab();
  server.trouble = () => ({ after: unreachable });
  const { key } = outbox.enqueue("c", "one", 0);
  await vi.waitFor(() => expect(server.contents).toEqual(["one"]));
  outbox.confirm(key);
  expect(outbox.size).toBe(0);
  outbox.enqueue("c", "two", 0);
  await vi.waitFor(() => expect(server.contents).toEqual(["one", "two"]));
});

test("a browser that keeps nothing sends all the same", async () => {
  const broken = () => Promise.reject(new Error("no"));
  const { userId, lock } = browser;
  const store = { all: broken, put: broken, remove: broken };
  const outbox = new Outbox({ userId, store, tabs: browser.tabs(), lock, send: server.send, stored: () => {} });
  await outbox.start();
  outbox.enqueue("c", "one", 0);
  outbox.enqueue("c", "two", 0);
  await empty(outbox);
  expect(server.contents).toEqual(["one", "two"]);
  outbox.stop();
});

describe("two tabs", () => {
  test("show the same, and one sends", async () => {
    const heard: string[] = [];
    const one = await tab();
    const two = await tab((entry) => heard.push(entry.content));
    server.trouble = () => (server.calls < 4 ? { before: unreachable } : null);
    one.enqueue("c", "from one", 0);
    await vi.waitFor(() => expect(states(two)[0]).toMatch(/^from one/));
    two.enqueue("c", "from two", 0);
    await Promise.all([empty(one), empty(two)]);
    expect(server.contents).toEqual(["from one", "from two"]);
    expect(server.mostAtOnce).toBe(1);
    expect(heard.toSorted()).toEqual(["from one", "from two"]);
  });

  test("the one that is left sends what the closed one has written", async () => {
    const one = await tab();
    const two = await tab();
    server.trouble = () => ({ before: unreachable });
    one.enqueue("c", "left behind", 0);
    await vi.waitFor(() => expect(two.size).toBe(1));
    one.stop();
    server.trouble = () => null;
    await empty(two);
    expect(server.contents).toEqual(["left behind"]);
  });

  test("discarding is for both", async () => {
    const one = await tab();
    const two = await tab();
    server.trouble = () => ({ before: new Failure("FORBIDDEN", "no") });
    const { key } = one.enqueue("c", "bad", 0);
    await vi.waitFor(() => expect(states(two)).toEqual(["bad failed"]));
    two.discard(key);
    await Promise.all([empty(one), empty(two)]);
  });

  test("in any trouble each message is stored once, in the order of its tab", async () => {
    for (let seed = 1; seed <= 8; seed++) {
      server = new Server();
      browser = new Browser(`seed${seed}`);
      const random = seeded(seed);
      server.trouble = () => {
        const dice = random();
        return dice < 0.3 ? { before: unreachable } : dice < 0.6 ? { after: unreachable } : null;
      };
      const tabs = [await tab(), await tab()];
      for (let i = 0; i < 6; i++) {
        tabs[i % 2]?.enqueue("c", `${i}`, 0);
        if (random() < 0.5) await new Promise((resolve) => setTimeout(resolve, random() * 20));
      }
      await Promise.all(tabs.map((one) => empty(one)));
      expect(server.contents.toSorted(), `seed ${seed}`).toEqual(["0", "1", "2", "3", "4", "5"]);
      const of = (rest: number) => server.contents.filter((content) => Number(content) % 2 === rest);
      expect([of(0), of(1)], `seed ${seed}`).toEqual([
        ["0", "2", "4"],
        ["1", "3", "5"],
      ]);
      expect(server.mostAtOnce).toBe(1);
    }
  }, 20_000);
});
