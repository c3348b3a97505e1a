import { expect, test } from "vitest";
import type { Message } from "./log";
import { countUnread, firstUnread, lastRead, startsDay, startsGroup } from "./timeline";

function message(seq: number, senderId: string, isDeleted = false): Message {
  return {
    id: `m${seq}`,
    seq,
    version: seq,
    senderId,
    content: isDeleted ? "" : "text",
    createdAt: "2026-01-01T00:00:00Z",
    editedAt: null,
    isDeleted,
    clientMessageId: null,
  };
}

const at = (day: number, minute: number, senderId = "ann") => ({
  senderId,
  createdAt: new Date(2026, 5, day, 12, minute).toISOString(),
});

test("a day begins with the first message and with every other date", () => {
  expect(startsDay(undefined, at(1, 0))).toBe(true);
  expect(startsDay(at(1, 0), at(1, 59))).toBe(false);
  expect(startsDay(at(1, 0), at(2, 0))).toBe(true);
  expect(startsDay(at(1, 0), { senderId: "ann", createdAt: new Date(2026, 6, 1, 12).toISOString() })).toBe(true);
});

test("a group is one sender's messages of a few minutes", () => {
  expect(startsGroup(undefined, at(1, 0))).toBe(true);
  expect(startsGroup(at(1, 0), at(1, 5))).toBe(false);
  expect(startsGroup(at(1, 0), at(1, 6))).toBe(true);
  expect(startsGroup(at(1, 0), at(1, 1, "bob"))).toBe(true);
});

test("unread is what others have said since, and has not been deleted", () => {
  const messages = [
    message(1, "bob"),
    message(2, "ann"),
    message(3, "bob", true),
    message(4, "bob"),
    message(5, "eve"),
  ];
  expect(firstUnread(messages, "ann", 1)).toBe(4);
  expect(firstUnread(messages, "ann", 5)).toBeNull();
  expect(countUnread(messages, "ann", 0)).toBe(3);
  expect(countUnread(messages, "ann", 4)).toBe(1);
});

test("what is read is the last of others that was seen", () => {
  const messages = [message(1, "bob"), message(2, "ann"), message(4, "bob"), message(5, "ann")];
  expect(lastRead(messages, "ann", 0, 1)).toBe(1);
  expect(lastRead(messages, "ann", 0, 99)).toBe(4);
  expect(lastRead(messages, "ann", 4, 3)).toBeNull();
});
