import { describe, expect, test } from "vitest";
import {
  addPage,
  applyEvent,
  applyMessage,
  holdsKey,
  type Log,
  type LogEvent,
  type Message,
  openLog,
  pageOf,
  reopenLog,
} from "./log";
import { seeded } from "./random";

function message(seq: number, more: Partial<Message> = {}): Message {
  return {
    id: `m${seq}`,
    seq,
    version: seq,
    senderId: "ann",
    content: `text ${seq}`,
    createdAt: "2026-01-01T00:00:00Z",
    editedAt: null,
    isDeleted: false,
    clientMessageId: null,
    ...more,
  };
}

const page = (messages: Message[], floor: number, before = Number.POSITIVE_INFINITY) => ({ messages, floor, before });
const edited = (seq: number, version: number) => message(seq, { version, content: `text ${seq}, ${version}` });
const contents = (log: Log) => log.messages.map((m) => m.content);

describe("one change", () => {
  const log = openLog(page([message(2), message(1)], 0), 2);

  test("a page is kept by seq, whatever order it came in", () => {
    expect(contents(log)).toEqual(["text 1", "text 2"]);
  });

  test("applies if its version is newer, once", () => {
    const once = applyMessage(log, edited(1, 3));
    expect(contents(once)).toEqual(["text 1, 3", "text 2"]);
    expect(applyMessage(once, edited(1, 3))).toBe(once);
    expect(applyMessage(once, message(1))).toBe(once);
  });

  test("a tombstone is final", () => {
    const gone = message(1, { version: 4, content: "", isDeleted: true });
    const log4 = applyMessage(applyMessage(log, gone), edited(1, 3));
    expect(log4.messages[0]).toEqual(gone);
  });

  test("rows up to the cursor are known", () => {
    expect(applyEvent(log, { seq: 2, message: message(9) })).toBe(log);
    expect(applyEvent(log, { seq: 3, message: null }).cursor).toBe(3);
  });

  test("an answer may overtake the rows before it", () => {
    const ahead = applyMessage(log, message(5));
    expect(ahead.cursor).toBe(2);
    const caughtUp = [3, 4, 5].reduce((l, seq) => applyEvent(l, { seq, message: message(seq) }), ahead);
    expect(contents(caughtUp)).toEqual([1, 2, 3, 4, 5].map((seq) => `text ${seq}`));
  });

  test("the sender's key stays, also where a later version does not tell it", () => {
    const own = applyMessage(log, message(3, { clientMessageId: "k" }));
    const later = applyMessage(own, edited(3, 4));
    expect(holdsKey(later, "k", 0)).toBe(true);
    expect(holdsKey(later, "k", 3)).toBe(false);
    expect(holdsKey(later, "other", 0)).toBe(false);
  });
});

describe("pages", () => {
  test("an edit of what is not loaded waits for its page, which may be older", () => {
    const log = openLog(page([message(10), message(11)], 10), 11);
    const early = applyEvent(log, { seq: 12, message: edited(5, 12) });
    expect(contents(early)).toEqual(["text 10", "text 11"]);
    const whole = addPage(early, page([message(5), message(6)], 0));
    expect(contents(whole)).toEqual(["text 5, 12", "text 6", "text 10", "text 11"]);
    expect(whole.early).toEqual([]);
  });

  test("one that ends above an early change leaves it for the next", () => {
    const log = applyMessage(openLog(page([message(10)], 10), 10), edited(3, 12));
    const upper = addPage(log, page([message(7), message(8)], 7));
    expect(upper.early.length).toBe(1);
    expect(contents(addPage(upper, page([message(3)], 0)))).toEqual(["text 3, 12", "text 7", "text 8", "text 10"]);
  });

  test("the same page twice changes nothing", () => {
    const log = addPage(openLog(page([message(10)], 10), 10), page([message(7)], 7));
    expect(addPage(log, page([message(7)], 7))).toBe(log);
  });

  test("one that was asked for before the chat was read anew is not taken: it would leave a hole", () => {
    const log = openLog(page([message(20)], 20), 20);
    expect(addPage(log, page([message(7)], 7, 10))).toBe(log);
  });

  test("of a server that was set back to an earlier state nothing is kept", () => {
    const fresh = openLog(page([message(1)], 0), 1);
    expect(reopenLog(openLog(page([message(1), message(2)], 0), 2), fresh)).toBe(fresh);
  });

  test("an answer shorter than asked reaches the beginning", () => {
    expect(pageOf([message(4), message(5)], 2).floor).toBe(4);
    expect(pageOf([message(4)], 2).floor).toBe(0);
    expect(pageOf([], 2).floor).toBe(0);
  });

  test("reading anew keeps what is newer than the reading", () => {
    const old = applyMessage(openLog(page([message(1)], 0), 1), message(30, { clientMessageId: "k" }));
    const log = reopenLog(old, openLog(page([message(20), message(21)], 20), 21));
    expect(contents(log)).toEqual(["text 20", "text 21", "text 30"]);
  });
});

/** The server's side: a log, and how messages stood after each of its rows. */
class Model {
  readonly kinds: (number | null)[] = [null]; // by row: the message it changed, or null for a change of the chat
  readonly states: Map<number, Message>[] = [new Map()];

  constructor(private readonly random: () => number) {}

  get lastSeq() {
    return this.kinds.length - 1;
  }

  grow() {
    const seq = this.kinds.length;
    const state = new Map(this.states.at(-1));
    const live = [...state.values()].filter((m) => !m.isDeleted);
    const target = live[Math.floor(this.random() * live.length)];
    const dice = this.random();
    if (dice < 0.1) this.kinds.push(null);
    else if (dice < 0.55 || !target) {
      state.set(seq, message(seq, { clientMessageId: this.random() < 0.3 ? `k${seq}` : null }));
      this.kinds.push(seq);
    } else {
      const gone = dice > 0.85;
      const content = gone ? "" : `${target.content}+${seq}`;
      state.set(target.seq, { ...target, version: seq, content, isDeleted: gone });
      this.kinds.push(target.seq);
    }
    this.states.push(state);
  }

  /** A row, with its message as it was committed or newer. */
  row(seq: number, seenAt: number): LogEvent {
    const subject = this.kinds[seq] ?? null;
    return { seq, message: subject === null ? null : (this.states[seenAt]?.get(subject) ?? null) };
  }

  page(at: number, before: number, limit: number) {
    const messages = [...(this.states[at] as Map<number, Message>).values()].filter((m) => m.seq < before);
    return pageOf(messages.toSorted((a, b) => a.seq - b.seq).slice(-limit), limit, before);
  }
}

function between(random: () => number, low: number, high: number) {
  return low + Math.floor(random() * (high - low + 1));
}

/** A client in any weather: late pages, answers that overtake, cuts with replay, rows that come twice. */
function anyWeather(seed: number) {
  const random = seeded(seed);
  const model = new Model(random);
  for (let i = between(random, 0, 60); i > 0; i--) model.grow();
  const readAt = model.lastSeq;
  const lastSeq = between(random, Math.max(0, readAt - 5), readAt); // is read before the messages
  let log = openLog(model.page(readAt, Number.POSITIVE_INFINITY, 10), lastSeq);
  let asked: { at: number; before: number } | null = null;

  const steps: (() => void)[] = [
    () => model.grow(),
    () => model.grow(),
    () => {
      if (log.cursor < model.lastSeq) {
        const seq = log.cursor + 1;
        log = applyEvent(log, model.row(seq, between(random, seq, model.lastSeq)));
      }
    },
    () => {
      // A replay from further back than needed, as after a cut.
      for (let seq = between(random, 1, Math.max(1, log.cursor)); seq <= log.cursor; seq++) {
        log = applyEvent(log, model.row(seq, model.lastSeq));
      }
    },
    () => {
      // The answer to a mutation, of any age.
      const seq = between(random, 1, model.lastSeq);
      const { message } = model.row(seq, between(random, seq, model.lastSeq));
      if (message) log = applyMessage(log, message);
    },
    () => {
      asked ??= { at: model.lastSeq, before: log.floor };
    },
    () => {
      if (asked) log = addPage(log, model.page(asked.at, asked.before, between(random, 1, 8)));
      asked = null;
    },
    () => {
      if (random() < 0.1)
        log = reopenLog(log, openLog(model.page(model.lastSeq, Number.POSITIVE_INFINITY, 10), model.lastSeq));
      if (random() < 0.1) asked = null;
    },
  ];
  for (let i = 0; i < 300; i++) steps[between(random, 0, steps.length - 1)]?.();

  while (log.cursor < model.lastSeq) log = applyEvent(log, model.row(log.cursor + 1, model.lastSeq));
  while (log.floor > 0) log = addPage(log, model.page(model.lastSeq, log.floor, 7));
  return { log, truth: [...(model.states.at(-1) as Map<number, Message>).values()] };
}

test("in any order, with repeats and gaps, the end is the same", () => {
  for (let seed = 1; seed <= 1000; seed++) {
    const { log, truth } = anyWeather(seed);
    expect(log.messages, `seed ${seed}`).toEqual(truth.toSorted((a, b) => a.seq - b.seq));
    expect(log.early, `seed ${seed}`).toEqual([]);
  }
});

test("one event costs less than 0.2 ms among 10,000 messages", () => {
  const count = 10_000;
  let log = openLog(
    page(
      Array.from({ length: count }, (_, i) => message(i + 1)),
      0,
    ),
    count,
  );
  const rounds = 500;
  const began = performance.now();
  for (let i = 1; i <= rounds; i++) {
    const seq = count + i;
    log = applyEvent(log, { seq, message: i % 2 ? message(seq) : edited(((i * 37) % count) + 1, seq) });
  }
  const each = (performance.now() - began) / rounds;
  console.info(`one event among ${count} messages: ${(each * 1000).toFixed(0)} µs`);
  expect(each).toBeLessThan(0.2);
});
