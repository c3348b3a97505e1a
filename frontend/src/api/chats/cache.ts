import type { ApolloCache, Reference } from "@apollo/client";
import {
  ChatListDocument,
  type ChatShapeFragment,
  type ChatSummaryFragment,
  ChatSummaryFragmentDoc,
  type PreviewFragment,
} from "../gql/graphql";

/** A chat as lists and headers show it. */
export type Chat = ChatSummaryFragment;

/** The newest message of a chat. */
export type Preview = PreviewFragment;

/**
 * The chats of one person in the client's cache. News may come twice, late or out of order: of a chat the state with the
 * larger lastSeq stays, of a preview the newer message that still stands, of one message the larger version.
 */
export class ChatCache {
  /** What came of chats that are not known yet. */
  private readonly early = { unread: new Map<string, number>(), messages: new Map<string, Preview>() };

  constructor(
    private readonly cache: ApolloCache,
    private readonly userId: string,
  ) {}

  /** The chat, if it is known, also one that the person has left. */
  chat(id: string): Chat | null {
    return this.cache.readFragment({
      id: key(id),
      fragment: ChatSummaryFragmentDoc,
      fragmentName: "ChatSummary",
    });
  }

  /** The list, in no order; undefined before there is one. */
  list(): readonly Chat[] | undefined {
    return this.cache.readQuery({ query: ChatListDocument, variables: { userId: this.userId } })?.chatsByParticipant;
  }

  /** Takes chats as they are now. A chat that was removed, or whose member one is no more, leaves the list. */
  putAll(chats: readonly (ChatShapeFragment & { unreadCount?: number })[]) {
    this.cache.batch({
      update: () => {
        const listed = new Set(this.list()?.map(({ id }) => id));
        const joined = new Set<string>();
        const left = new Set<string>();
        for (const chat of chats) {
          const merged = this.merge(chat);
          this.write(merged);
          const belongs = isMember(merged, this.userId);
          if (belongs) left.delete(merged.id);
          else joined.delete(merged.id);
          if (belongs && !listed.has(merged.id)) joined.add(merged.id);
          if (!belongs && listed.has(merged.id)) left.add(merged.id);
        }
        this.changeList([...joined], [...left]);
      },
    });
  }

  /** Takes a message as the newest of its chat, unless a newer one is known. False: the chat is not known yet. */
  putMessage(message: Preview): boolean {
    const chat = this.chat(message.chatId);
    if (!chat) {
      this.early.messages.set(message.chatId, newest(this.early.messages.get(message.chatId) ?? null, message));
      return false;
    }
    const next = withMessage(chat, message);
    if (next !== chat) this.write(next);
    return true;
  }

  /** Takes several messages at once, and gives the ids of the chats that are not known yet. */
  putMessages(messages: readonly Preview[]): Set<string> {
    const unknown = new Set<string>();
    this.cache.batch({
      update: () => {
        for (const message of messages) if (!this.putMessage(message)) unknown.add(message.chatId);
      },
    });
    return unknown;
  }

  /** Takes how many messages of chats are unread. */
  putUnread(counts: readonly { chatId: string; unreadCount: number }[]) {
    this.cache.batch({
      update: () => {
        for (const { chatId, unreadCount } of counts) {
          const chat = this.chat(chatId);
          if (!chat) this.early.unread.set(chatId, unreadCount);
          else if (chat.unreadCount !== unreadCount) this.write({ ...chat, unreadCount });
        }
      },
    });
  }

  /** The person is no member of the chat any more. Who looks at it sees that. */
  drop(id: string) {
    const chat = this.chat(id);
    if (chat) this.write({ ...chat, participantIds: chat.participantIds.filter((one) => one !== this.userId) });
    this.changeList([], [id]);
  }

  /** Of one chat the newer state stays. What came of it before it was known is newer than what is asked for. */
  private merge(next: ChatShapeFragment & { unreadCount?: number }): Chat {
    const known = this.chat(next.id);
    if (known) {
      const isOlder = next.lastSeq < known.lastSeq;
      const updatedAt = later(next.updatedAt, known.updatedAt);
      const standing = isOlder ? known.lastMessage : unlessGone(known.lastMessage, next);
      const lastMessage = newest(standing, next.lastMessage);
      return { ...(isOlder ? known : next), unreadCount: known.unreadCount, updatedAt, lastMessage };
    }
    const chat = { ...next, unreadCount: this.early.unread.get(next.id) ?? next.unreadCount ?? 0 };
    const message = unlessGone(this.early.messages.get(next.id) ?? null, next);
    this.early.unread.delete(next.id);
    this.early.messages.delete(next.id);
    return message ? withMessage(chat, message) : chat;
  }

  private write(chat: Chat) {
    this.cache.writeFragment({ fragment: ChatSummaryFragmentDoc, fragmentName: "ChatSummary", data: typed(chat) });
  }

  /** Adds chats to the list and takes others out, by their names alone: a long list costs little. */
  private changeList(joined: readonly string[], left: readonly string[]) {
    const variables = { userId: this.userId };
    if (!this.list()) this.cache.writeQuery({ query: ChatListDocument, variables, data: { chatsByParticipant: [] } });
    if (joined.length + left.length === 0) return;
    this.cache.modify<{ chatsByParticipant: Reference[] }>({
      fields: {
        chatsByParticipant: (listed) => [
          ...listed.filter((one) => !left.some((id) => one.__ref === key(id))),
          ...joined.map((id) => ({ __ref: key(id) })),
        ],
      },
    });
  }
}

/** Whether a chat belongs in the person's list. */
export function isMember(chat: Pick<Chat, "isActive" | "participantIds">, userId: string): boolean {
  return chat.isActive && chat.participantIds.includes(userId);
}

function withMessage(chat: Chat, message: Preview): Chat {
  const lastMessage = newest(chat.lastMessage, message);
  if (lastMessage === chat.lastMessage) return chat;
  const isNew = message.seq > (chat.lastMessage?.seq ?? 0);
  return { ...chat, lastMessage, updatedAt: isNew ? later(message.createdAt, chat.updatedAt) : chat.updatedAt };
}

/** The later of two moments, which the API writes so that their texts are in the order of time. */
function later(a: string, b: string): string {
  if (a > b) return a;
  return b;
}

/**
 * The message that a list shows: the last that was written. A deleted one stays as such while the page is open; the server
 * names the last that is not deleted.
 */
function newest(known: Preview | null, next: Preview): Preview;
function newest(known: Preview | null, next: Preview | null): Preview | null;
function newest(known: Preview | null, next: Preview | null): Preview | null {
  if (!known || !next) return known ?? next;
  if (known.seq !== next.seq) return known.seq > next.seq ? known : next;
  return next.version > known.version ? next : known;
}

/**
 * The message, or null where the chat's state shows that it was deleted unheard: the server reads lastMessage after lastSeq, so
 * what has a version up to lastSeq was there to be named. What is newer than that, the state may not know.
 */
function unlessGone(message: Preview | null, { lastSeq, lastMessage }: ChatShapeFragment): Preview | null {
  if (!message || message.isDeleted || message.version > lastSeq) return message;
  return message.seq > (lastMessage?.seq ?? 0) ? null : message;
}

function key(id: string): string {
  return `Chat:${id}`;
}

/** Apollo Client finds an object by its type's name, which what was put together here may lack. */
function typed(chat: Chat): Chat {
  return { ...chat, __typename: "Chat" } as Chat;
}
