import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { FakeServer } from "./fakeServer";
import { Receipts } from "./receipts";

let server: FakeServer;
let receipts: Receipts;

const settled = () => vi.advanceTimersByTimeAsync(20);

beforeEach(() => {
  vi.useFakeTimers();
  server = new FakeServer(); // ann, bob and eve
  receipts = new Receipts(server.source);
  receipts.start();
});

afterEach(() => {
  receipts.stop();
  vi.useRealTimers();
});

test("goes from stored over read by some to read by all, live", async () => {
  const { id, seq } = server.say("ann", "hello");
  receipts.watch([id]);
  expect(receipts.of(id)).toBe("stored");
  await settled();
  expect(receipts.of(id)).toBe("stored");
  server.reads("bob", seq);
  expect(receipts.of(id)).toBe("some");
  server.reads("eve", seq);
  expect(receipts.of(id)).toBe("all");
  expect([...(receipts.details(id)?.readers.keys() ?? [])]).toEqual(["bob", "eve"]);
});

test("only what is in sight and not read by all is subscribed to", async () => {
  const own = Array.from({ length: 25 }, () => server.say("ann", "hello"));
  server.reads("bob", 10);
  server.reads("eve", 10);
  receipts.watch(own.map((one) => one.id));
  await settled();
  expect(server.watched.length).toBe(15);
  receipts.watch(own.slice(0, 12).map((one) => one.id));
  await settled();
  expect(server.watched.toSorted()).toEqual(["m11", "m12"]);
  receipts.watch([]);
  expect(server.watched).toEqual([]);
});

test("asks in parts, for what is new in sight, and once more a little later", async () => {
  const own = Array.from({ length: 12 }, () => server.say("ann", "hello"));
  receipts.watch(own.map((one) => one.id));
  await settled();
  expect(server.calls.length).toBe(2);
  const next = server.say("ann", "next");
  receipts.watch([...own, next].map((one) => one.id));
  await settled();
  expect(server.calls.slice(2)).toEqual(["statuses m13"]);
  await vi.advanceTimersByTimeAsync(60_000);
  expect(server.calls.length).toBe(5);
});

test("what was missed while the connection was lost is asked for", async () => {
  const { id, seq } = server.say("ann", "hello");
  receipts.watch([id]);
  await vi.advanceTimersByTimeAsync(5000);
  server.positions.set("bob", { seq, readAt: "2026-01-03T00:00:00Z" }); // without telling
  expect(receipts.of(id)).toBe("stored");
  server.cut();
  await settled();
  expect(receipts.of(id)).toBe("some");
});

test("another member is somebody more to read", async () => {
  server.members = server.members.slice(0, 2);
  const { id, seq } = server.say("ann", "hello");
  server.reads("bob", seq);
  receipts.watch([id]);
  await settled();
  expect(receipts.of(id)).toBe("all");
  server.join("eve");
  receipts.membersChanged();
  await settled();
  expect(receipts.of(id)).toBe("some");
  server.reads("eve", seq);
  expect(receipts.of(id)).toBe("all");
});

test("a reader who is told of before anything is known counts", async () => {
  const { id, seq } = server.say("ann", "hello");
  const { statuses } = server.source;
  server.source.statuses = () => Promise.reject(new Error("lost"));
  receipts.watch([id]);
  await settled();
  server.source.statuses = statuses;
  server.reads("bob", seq);
  await settled();
  expect(receipts.of(id)).toBe("some");
});
