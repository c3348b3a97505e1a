import { act, renderHook } from "@testing-library/react";
import { expect, test } from "vitest";
import { type Log, openLog } from "../../lib/log";
import { FakeServer } from "./fakeServer";
import { useUnreadLine } from "./useUnreadLine";

interface Props {
  log: Log;
  reading?: number;
  seen: number;
  attended: boolean;
}

function follow(server: FakeServer, seen: number, floor = 0) {
  const log = () => openLog({ messages: [...server.messages], floor, before: 1e9 }, server.lastSeq);
  const { result, rerender } = renderHook(
    ({ log, reading = 1, seen, attended }: Props) => useUnreadLine(log, reading, "ann", seen, attended),
    { initialProps: { log: log(), seen, attended: true } },
  );
  return { result, now: (props: Omit<Props, "log">) => rerender({ log: log(), ...props }) };
}

function talk(...senders: string[]) {
  const server = new FakeServer();
  for (const sender of senders) server.say(sender, "text");
  return server;
}

test("stands above the first unread message of somebody else", () => {
  expect(follow(talk("bob", "ann", "bob", "bob"), 1).result.current.line).toBe(3);
  expect(follow(talk("bob", "ann"), 1).result.current.line).toBeNull();
});

test("does not stand where nobody knows whether it belongs", () => {
  expect(follow(talk("bob", "bob"), 0, 2).result.current.line).toBeNull();
});

test("what somebody sees come has none", () => {
  const server = talk("bob");
  const { result, now } = follow(server, 1);
  server.say("bob", "live");
  now({ seen: 1, attended: true });
  expect(result.current.line).toBeNull();
});

test("what comes while nobody looks has one, which stays until it is read and more comes", () => {
  const server = talk("bob");
  const { result, now } = follow(server, 1);
  server.say("bob", "two");
  now({ seen: 1, attended: false });
  server.say("bob", "three");
  now({ seen: 1, attended: false });
  expect(result.current.line).toBe(2);
  server.say("bob", "four");
  now({ seen: 4, attended: true });
  expect(result.current.line).toBe(2);
  server.say("bob", "five");
  now({ seen: 4, attended: false });
  expect(result.current.line).toBe(5);
  act(() => result.current.clear());
  expect(result.current.line).toBeNull();
});

test("is found anew when the chat was read anew", () => {
  const server = talk("bob");
  const { result, now } = follow(server, 1);
  server.say("bob", "two");
  now({ reading: 2, seen: 1, attended: true });
  expect(result.current.line).toBe(2);
});
