import { useUserId } from "../../../api/Api";
import type { Chat } from "../../../api/chats/cache";
import { otherOf, type Person } from "../../../api/chats/people";
import { matching, useChats } from "../list/useChats";
import { usePeople } from "../people/usePeople";

/** Where one may go: a chat, or a person to whom one has not written yet. */
export type Target = { kind: "chat"; id: string; chat: Chat } | { kind: "person"; id: string; person: Person };

const chatsShown = 30;
const peopleShown = 8;

/** Where a text leads; an empty one to the chats with something unread, and to those where something happened last. */
export function useTargets(search: string, openId: string | undefined): { targets: Target[]; isSure: boolean } {
  const userId = useUserId();
  const { chats } = useChats();
  const isEmpty = search.trim() === "";
  const { people, isEarlier } = usePeople(search, { skip: isEmpty, limit: peopleShown });
  const found = isEmpty ? unreadFirst(chats.filter(({ id }) => id !== openId)) : matching(chats, search, userId);
  const known = new Set(found.map((chat) => otherOf(chat, userId)?.id));
  const others = people.filter(({ id }) => !known.has(id));
  return {
    targets: [
      ...found.slice(0, chatsShown).map((chat): Target => ({ kind: "chat", id: chat.id, chat })),
      ...others.map((person): Target => ({ kind: "person", id: person.id, person })),
    ],
    isSure: !isEmpty && !isEarlier,
  };
}

function unreadFirst(chats: readonly Chat[]): readonly Chat[] {
  return chats.toSorted((a, b) => Number(b.unreadCount > 0) - Number(a.unreadCount > 0));
}
