import { useQuery } from "@apollo/client/react";
import { useMemo } from "react";
import { useStore } from "zustand";
import { useApi, useMuted } from "../../../api/Api";
import type { Chat } from "../../../api/chats/cache";
import { chatName } from "../../../api/chats/people";
import { ChatListDocument } from "../../../api/gql/graphql";
import { beginningLike, namesOf } from "../names";

interface Chats {
  status: "loading" | "ready" | "failed";
  /** The newest activity first. */
  chats: readonly Chat[];
  /** Of all chats together that are not muted. */
  unread: number;
  refresh: () => void;
}

/** The person's chats, live. */
export function useChats(): Chats {
  const { userId, follower } = useApi();
  const { status } = useStore(follower.state);
  const { data } = useQuery(ChatListDocument, { variables: { userId }, fetchPolicy: "cache-only" });
  const chats = useMemo(() => inOrder(data?.chatsByParticipant ?? []), [data]);
  const muted = useMuted();
  const unread = useMemo(
    () => chats.reduce((sum, { id, unreadCount }) => sum + (muted.has(id) ? 0 : unreadCount), 0),
    [chats, muted],
  );
  return { status, chats, unread, refresh: follower.refresh };
}

/** By activity, the newest first; those of the same moment by their ids, so that nothing jumps. */
export function inOrder(chats: readonly Chat[]): Chat[] {
  return [...chats].sort((a, b) => compare(b.updatedAt, a.updatedAt) || compare(b.id, a.id));
}

/** Those whose name, or whose members' names, have a word that begins like the text. */
export function matching(chats: readonly Chat[], text: string, userId: string): readonly Chat[] {
  if (!text.trim()) return chats;
  const isMatch = beginningLike(text);
  return chats.filter((chat) => {
    const others = chat.participants.filter(({ id }) => id !== userId);
    return isMatch([chatName(chat, userId), ...others.flatMap(namesOf)]);
  });
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
