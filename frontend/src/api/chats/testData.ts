import type { Chat, Preview } from "./cache";

/** What tests put into chats: Ann's, in which Bob writes. */

/** Somebody, by name. */
export const person = (id: string, displayName = id) => ({
  __typename: "User",
  id,
  username: id.toLowerCase(),
  displayName,
  isActive: true,
});

/** A chat of Ann's. */
export function chat(id: string, more: Partial<Chat> = {}): Chat {
  return {
    __typename: "Chat",
    id,
    name: id,
    description: null,
    chatType: "group",
    createdBy: "Ann",
    isActive: true,
    createdAt: "2026-01-01T00:00:00.000000Z",
    updatedAt: "2026-01-01T00:00:00.000000Z",
    lastSeq: 1,
    participantIds: ["Ann", "Bob"],
    participants: [person("Ann"), person("Bob")],
    lastMessage: null,
    unreadCount: 0,
    ...more,
  } as Chat;
}

/** A message of Bob's, the older the smaller its seq. */
export function message(chatId: string, seq: number, more: Partial<Preview> = {}): Preview {
  return {
    __typename: "Message",
    id: `${chatId}-${seq}`,
    chatId,
    seq,
    version: seq,
    content: `message ${seq}`,
    senderId: "Bob",
    sender: person("Bob"),
    isDeleted: false,
    createdAt: `2026-01-01T00:00:${String(seq).padStart(2, "0")}.000000Z`,
    ...more,
  } as Preview;
}
