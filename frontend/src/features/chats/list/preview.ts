import type { Chat } from "../../../api/chats/cache";
import { personName } from "../../../api/chats/people";
import type { Say } from "../../../lib/text";
import { texts } from "../texts";

/** The line below a chat's name: who wrote what last, of which `text` is the line. */
export function previewOf(
  chat: Pick<Chat, "lastMessage" | "chatType" | "participants">,
  text: string,
  userId: string,
  say: Say,
): string {
  const last = chat.lastMessage;
  if (!last) return say(texts.nothing);
  if (last.isDeleted) return say(texts.deleted);
  if (last.senderId === userId) return say(texts.preview, { name: say(texts.you), text });
  const sender = last.sender ?? chat.participants.find(({ id }) => id === last.senderId);
  return sender ? say(texts.preview, { name: personName(sender), text }) : text;
}
