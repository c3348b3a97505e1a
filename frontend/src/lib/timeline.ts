/** How messages stand below one another: days, groups of one sender, where the unread ones begin. */
import type { Message } from "./log";

/** What the rules need to know of a message, stored or still to be sent. */
export interface Placed {
  senderId: string;
  createdAt: string;
}

const groupGap = 5 * 60_000;

function sameDay(a: Date, b: Date): boolean {
  return a.getDate() === b.getDate() && a.getMonth() === b.getMonth() && a.getFullYear() === b.getFullYear();
}

/** Whether a day of the reader's own time zone begins with this message. */
export function startsDay(previous: Placed | undefined, message: Placed): boolean {
  return previous === undefined || !sameDay(new Date(previous.createdAt), new Date(message.createdAt));
}

/** Whether sender and time are shown again: another sender, another day, or a while later. */
export function startsGroup(previous: Placed | undefined, message: Placed): boolean {
  if (previous === undefined || previous.senderId !== message.senderId) return true;
  const gap = Date.parse(message.createdAt) - Date.parse(previous.createdAt);
  return Math.abs(gap) > groupGap || startsDay(previous, message);
}

const unread = (message: Message, me: string | null) => message.senderId !== me && !message.isDeleted;

/** The seq of the first live message by somebody else after a position; null when there is none. */
export function firstUnread(messages: readonly Message[], me: string | null, position: number): number | null {
  let first: number | null = null;
  for (let i = messages.length - 1; i >= 0; i--) {
    const message = messages[i] as Message;
    if (message.seq <= position) break;
    if (unread(message, me)) first = message.seq;
  }
  return first;
}

/** How many live messages by others come after a position. */
export function countUnread(messages: readonly Message[], me: string | null, position: number): number {
  let count = 0;
  for (let i = messages.length - 1; i >= 0; i--) {
    const message = messages[i] as Message;
    if (message.seq <= position) break;
    if (unread(message, me)) count++;
  }
  return count;
}

/** The newest live message by somebody else after a position and up to an index: what reading so far has reached. */
export function lastRead(
  messages: readonly Message[],
  me: string | null,
  position: number,
  upTo: number,
): number | null {
  for (let i = Math.min(upTo, messages.length - 1); i >= 0; i--) {
    const message = messages[i] as Message;
    if (message.seq <= position) return null;
    if (unread(message, me)) return message.seq;
  }
  return null;
}
