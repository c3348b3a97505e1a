import type { PersonFragment } from "../gql/graphql";
import type { Chat } from "./cache";

/** Somebody with an account. */
export type Person = PersonFragment;

/** The name that others see. */
export function personName(person: Pick<Person, "username" | "displayName">): string {
  return person.displayName || person.username;
}

/** The other one of a direct chat. */
export function otherOf(chat: Pick<Chat, "chatType" | "participants">, userId: string): Person | undefined {
  return chat.chatType === "direct" ? chat.participants.find(({ id }) => id !== userId) : undefined;
}

/** What a chat is called for its member: a direct chat after the other one, a group by its name. */
export function chatName(chat: Pick<Chat, "name" | "chatType" | "participants">, userId: string): string {
  const other = otherOf(chat, userId);
  return other ? personName(other) : chat.name;
}
