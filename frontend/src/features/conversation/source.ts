import type { Failure } from "../../api/failure";
import type { Message } from "../../lib/log";
import type { Outgoing } from "./outbox";

export interface Person {
  id: string;
  username: string;
  displayName: string | null;
  isActive: boolean;
}

/** What the conversation needs to know of its chat. */
export interface Shape {
  id: string;
  chatType: string;
  /** False: it was removed; its history is readable and nothing can be written. */
  isActive: boolean;
  participants: readonly Person[];
}

/** Messages and who is named in them. */
export interface Reading {
  messages: readonly Message[];
  people: readonly Person[];
}

/** A chat as it is opened: its newest messages, and the seq that its log had reached before they were read. */
export interface Opening extends Reading {
  shape: Shape;
  lastSeq: number;
  readSeq: number;
  unreadCount: number;
  /** Deleted messages among the newest. */
  tombstones: readonly Message[];
  /** From this seq on they are all there. */
  tombstonesFrom: number;
}

export type EventKind =
  | "MESSAGE_ADDED"
  | "MESSAGE_UPDATED"
  | "MESSAGE_DELETED"
  | "MEMBER_ADDED"
  | "MEMBER_REMOVED"
  | "CHAT_UPDATED"
  | "CHAT_REMOVED";

/** A row of the chat's log. */
export interface ChatEvent {
  seq: number;
  kind: EventKind;
  /** Who was added or removed. */
  userId: string | null;
  message: Message | null;
}

export interface EventSink {
  event(event: ChatEvent): void;
  /** The server has ended the subscription. */
  failed(failure: Failure): void;
  ended(): void;
}

export interface Reader {
  userId: string;
  readAt: string;
}

/** Who has read a message, of how many. */
export interface ReadStatus {
  messageId: string;
  total: number;
  readers: readonly Reader[];
}

/** What a conversation asks of the server. Every promise fails with a Failure; everything else is tried until it is stopped. */
export interface Source {
  /** At most `first` messages. */
  open(chatId: string, first: number): Promise<Opening>;
  shape(chatId: string): Promise<Shape>;
  /** The newest `limit` before a seq, tombstones too. */
  older(chatId: string, before: number, limit: number): Promise<Reading>;
  /** Every row of the log after a seq, which is asked for anew at each connection. Ends by the returned function. */
  follow(chatId: string, afterSeq: () => number, sink: EventSink): () => void;
  send(entry: Outgoing): Promise<Message>;
  edit(messageId: string, content: string): Promise<Message>;
  remove(messageId: string): Promise<Message>;
  markRead(chatId: string, upToSeq: number): Promise<void>;
  /** The status of each, in any order. */
  statuses(messageIds: readonly string[]): Promise<ReadStatus[]>;
  /** Tells each new reader of a message. */
  followReads(messageId: string, read: (reader: Reader) => void): () => void;
  /** Tells that the live connection was made anew: what has no cursor may have missed something. */
  onConnected(listener: () => void): () => void;
}
