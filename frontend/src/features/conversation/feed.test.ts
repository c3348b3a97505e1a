import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { Failure } from "../../api/failure";
import { seeded } from "../../lib/random";
import { FakeServer } from "./fakeServer";
import { Feed } from "./feed";

let server: FakeServer;
let feed: Feed;
let confirmed: string[];

function follow() {
  confirmed = [];
  feed = new Feed(server.source, "c", server.me, (key) => confirmed.push(key));
  feed.start();
  return feed;
}

const shown = () => feed.snapshot().log?.messages.map((one) => one.content);
const settled = () => vi.advanceTimersByTimeAsync(50);
const older = () => Promise.all([feed.loadOlder(), settled()]);
const say = (count: number, sender = "bob") => {
  for (let i = 1; i <= count; i++) server.say(sender, `${i}`);
};

beforeEach(() => {
  vi.useFakeTimers();
  server = new FakeServer();
});

afterEach(() => {
  feed.stop();
  vi.useRealTimers();
});

describe("opening", () => {
  test("takes one request, and goes on from what it read", async () => {
    say(3);
    follow();
    expect(feed.snapshot().phase).toBe("opening");
    await settled();
    expect(server.calls).toEqual(["open"]);
    expect(feed.snapshot()).toMatchObject({
      phase: "open",
      shape: { chatType: "group" },
      log: { floor: 0, cursor: 3 },
    });
    server.say("bob", "live");
    await settled();
    expect(shown()).toEqual(["1", "2", "3", "live"]);
  });

  test("shows tombstones among the newest, as later pages do", async () => {
    say(60);
    server.remove("m55");
    server.remove("m5");
    server.readSeq = 60;
    follow();
    await settled();
    expect(
      feed
        .snapshot()
        .log?.messages.filter((one) => one.isDeleted)
        .map((one) => one.id),
    ).toEqual(["m55"]);
    await older();
    expect(
      feed
        .snapshot()
        .log?.messages.filter((one) => one.isDeleted)
        .map((one) => one.id),
    ).toEqual(["m5", "m55"]);
    expect(feed.snapshot().log?.messages.length).toBe(60);
  });

  test("again: shows what is known at once, and then what has come since", async () => {
    say(3);
    follow();
    await settled();
    feed.stop();
    say(2);
    feed.start();
    expect(shown()?.length).toBe(3);
    await settled();
    expect(shown()?.length).toBe(5);
    expect(feed.snapshot().reading).toBe(2);
  });

  test("loads all that is unread, and a little of what was read", async () => {
    say(300);
    server.readSeq = 100;
    follow();
    await settled();
    expect(server.calls).toEqual(["open", "older 170"]);
    expect(feed.snapshot().log?.floor).toBe(81);
  });

  test("does not load thousands to begin at the first", async () => {
    say(1500);
    follow();
    await settled();
    expect(server.calls).toEqual(["open"]);
  });

  test("is tried again while the server is out of reach", async () => {
    server.fail = (call) => (call === "open" && server.calls.length < 4 ? new Failure("UNAVAILABLE", "busy") : null);
    say(1);
    follow();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(server.calls.length).toBe(4);
    expect(shown()).toEqual(["1"]);
  });

  test("of what is not there, or not for me, says so and asks no more", async () => {
    server.leave("ann");
    follow();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(feed.snapshot().phase).toBe("gone");
    expect(server.calls.length).toBe(1);
  });

  test("fails for a reason that stays, until it is started again", async () => {
    server.fail = () => new Failure("FORBIDDEN", "no");
    follow();
    await settled();
    expect(feed.snapshot()).toMatchObject({ phase: "failed", failure: { code: "FORBIDDEN" } });
    server.fail = () => null;
    feed.start();
    await settled();
    expect(feed.snapshot().phase).toBe("open");
  });
});

describe("over connections", () => {
  test("each attempt asks for what came after the last row seen", async () => {
    say(2);
    follow();
    await settled();
    const asked: number[] = [];
    const { follow: original } = server.source;
    server.source.follow = (chat, afterSeq, sink) => {
      const counted = () => {
        asked.push(afterSeq());
        return afterSeq();
      };
      return original(chat, counted, sink);
    };
    feed.stop();
    feed.start();
    await settled();
    for (let i = 0; i < 3; i++) {
      server.cut(() => server.say("bob", "missed"));
      await settled();
      server.say("bob", "live");
      await settled();
    }
    expect(asked).toEqual([2, 2, 4, 6]);
    expect(shown()?.length).toBe(8);
  });

  test("whatever happens, nothing is missing and nothing twice", async () => {
    for (let seed = 1; seed <= 40; seed++) {
      const random = seeded(seed);
      server = new FakeServer();
      say(Math.floor(random() * 80));
      follow();
      for (let step = 0; step < 120; step++) {
        const dice = random();
        const live = server.messages.filter((one) => !one.isDeleted);
        const any = live[Math.floor(random() * live.length)];
        if (dice < 0.4 || !any) server.say(random() < 0.3 ? "ann" : "bob", `said ${step}`);
        else if (dice < 0.6) server.edit(any.id, `edited ${step}`);
        else if (dice < 0.7) server.remove(any.id);
        else if (dice < 0.75) server.join(`new${step}`);
        else if (dice < 0.85) server.cut(() => server.say("eve", `missed ${step}`));
        else if (dice < 0.9) feed.apply(any);
        else if (dice < 0.95) void feed.loadOlder(1 + Math.floor(random() * 30));
        else if (dice < 0.97) {
          feed.stop();
          feed.start();
        } else server.keptFrom = server.lastSeq;
        if (random() < 0.6) await vi.advanceTimersByTimeAsync(Math.floor(random() * 3));
      }
      await vi.advanceTimersByTimeAsync(60_000);
      for (let i = 0; (feed.snapshot().log?.floor ?? 0) > 0 && i < 50; i++) await older();
      expect(feed.snapshot().log?.messages, `seed ${seed}`).toEqual(server.messages);
      expect(server.followed).toBe(1);
      feed.stop();
    }
  });

  test("a hole is asked for again", async () => {
    say(1);
    const { follow: original } = server.source;
    const drop = new Set([2]);
    server.source.follow = (chat, afterSeq, sink) =>
      original(chat, afterSeq, { ...sink, event: (event) => drop.delete(event.seq) || sink.event(event) });
    follow();
    await settled();
    server.say("bob", "dropped");
    server.say("bob", "after");
    await settled();
    expect(shown()).toEqual(["1", "dropped", "after"]);
  });

  test("too far behind: reads anew, and shows the old until the new is there", async () => {
    say(3);
    follow();
    await settled();
    const lengths: (number | undefined)[] = [];
    feed.subscribe(() => lengths.push(shown()?.length));
    server.cut(() => {
      say(100);
      server.keptFrom = server.lastSeq;
    });
    await settled();
    expect(lengths.every((length) => (length ?? 0) >= 3)).toBe(true);
    expect(shown()?.length).toBe(100 + 3);
    server.say("bob", "live");
    await settled();
    expect(shown()?.at(-1)).toBe("live");
    expect(server.calls).toEqual(["open", "open", "older 73"]);
  });

  test("reading anew that does not help is not done without end", async () => {
    say(3);
    server.keptFrom = 99;
    follow();
    await vi.advanceTimersByTimeAsync(20_000);
    expect(server.calls.length).toBeLessThan(12);
    server.keptFrom = 0;
    await vi.advanceTimersByTimeAsync(60_000);
    server.say("bob", "live");
    await settled();
    expect(shown()?.at(-1)).toBe("live");
  });

  test("whatever ends a subscription, what is shown does not stay old", async () => {
    say(1);
    let fail = (_: Failure) => {};
    const { follow: original } = server.source;
    server.source.follow = (chat, afterSeq, sink) => {
      fail = sink.failed;
      return original(chat, afterSeq, sink);
    };
    follow();
    await settled();
    fail(new Failure("FORBIDDEN", "no"));
    server.say("bob", "meanwhile");
    await vi.advanceTimersByTimeAsync(31_000);
    expect(shown()).toEqual(["1", "meanwhile"]);
  });

  test("a subscription that ends without a reason is begun again", async () => {
    say(1);
    let end = () => {};
    const { follow: original } = server.source;
    server.source.follow = (chat, afterSeq, sink) => {
      end = sink.ended;
      return original(chat, afterSeq, sink);
    };
    follow();
    await settled();
    end();
    server.say("bob", "meanwhile");
    await vi.advanceTimersByTimeAsync(5_000);
    expect(shown()).toEqual(["1", "meanwhile"]);
  });
});

describe("the chat itself", () => {
  test("who is removed sees nothing of it any more", async () => {
    say(2);
    follow();
    await settled();
    server.leave("ann");
    server.say("bob", "secret");
    await settled();
    expect(feed.snapshot()).toMatchObject({ phase: "gone", log: null });
    expect(server.followed).toBe(0);
  });

  test("also when it happened while away", async () => {
    say(2);
    follow();
    await settled();
    server.cut(() => server.leave("ann"));
    await settled();
    expect(feed.snapshot().phase).toBe("gone");
  });

  test("new members are known, and a removed chat is read-only", async () => {
    follow();
    await settled();
    server.join("zoe");
    server.say("zoe", "hello");
    await settled();
    expect(feed.snapshot().people.get("zoe")?.displayName).toBe("Zoe");
    server.close();
    await settled();
    expect(feed.snapshot().shape?.isActive).toBe(false);
  });
});

test("own messages are confirmed by the log, live and at opening", async () => {
  server.say("ann", "before", "k1");
  follow();
  await settled();
  server.say("ann", "live", "k2");
  await settled();
  expect(confirmed).toEqual(["k1", "k2"]);
});

test("older pages come one at a time, and a lost one can be asked for again", async () => {
  say(200);
  server.readSeq = 200;
  follow();
  await settled();
  server.fail = (call) => (call.startsWith("older") ? new Failure("UNREACHABLE", "no") : null);
  await older();
  expect(feed.snapshot().older).toBe("failed");
  server.fail = () => null;
  expect(server.calls.length).toBe(2);
  await Promise.all([older(), older()]);
  expect(feed.snapshot()).toMatchObject({ older: "idle", log: { floor: 51 } });
  await older();
  await older();
  expect(shown()?.length).toBe(200);
  expect(server.calls.filter((call) => call.startsWith("older")).length).toBe(3);
});

test("a replay of many rows is shown in few steps", async () => {
  follow();
  await settled();
  let told = 0;
  feed.subscribe(() => told++);
  server.cut(() => say(1000));
  await vi.advanceTimersByTimeAsync(1000);
  expect(shown()?.length).toBe(1000);
  expect(told).toBeLessThan(100);
});
