import { BellOff } from "lucide-react";
import { memo } from "react";
import { Link } from "wouter";
import { useMuted, useUserId } from "../../../api/Api";
import type { Chat } from "../../../api/chats/cache";
import { chatName, otherOf } from "../../../api/chats/people";
import { useLine } from "../../../lib/line";
import { useLocale, useText } from "../../../lib/text";
import { useToday } from "../../../lib/today";
import { exactly, when } from "../../../lib/when";
import { Avatar } from "../../../ui/Avatar";
import { Badge } from "../../../ui/Badge";
import { classes } from "../../../ui/classes";
import { texts } from "../texts";
import styles from "./ChatRow.module.css";
import { previewOf } from "./preview";

/** A chat in the list: whom it is with, what was said last, and how much is unread. */
export const ChatRow = memo(function ChatRow({ chat, isOpen }: { chat: Chat; isOpen: boolean }) {
  const say = useText();
  const locale = useLocale();
  const today = useToday();
  const userId = useUserId();
  const name = chatName(chat, userId);
  const isMuted = useMuted().has(chat.id);
  const last = chat.lastMessage;
  const line = useLine(last?.content ?? "");
  return (
    <Link
      href={`/c/${chat.id}`}
      className={classes(styles.row, isOpen && styles.open, chat.unreadCount > 0 && !isMuted && styles.unread)}
      aria-current={isOpen ? "page" : undefined}
      data-row={chat.id}
    >
      <Avatar id={otherOf(chat, userId)?.id ?? chat.id} name={name} group={chat.chatType === "group"} />
      <span className={styles.text}>
        <span className={styles.top}>
          <span className={styles.name}>{name}</span>
          {last && (
            <time className={styles.time} dateTime={last.createdAt} title={exactly(last.createdAt, locale)}>
              {when(last.createdAt, today, locale)}
            </time>
          )}
        </span>
        <span className={styles.bottom}>
          <span className={classes(styles.preview, last?.isDeleted && styles.deleted)}>
            {previewOf(chat, line, userId, say)}
          </span>
          {isMuted && <BellOff className={styles.muted} role="img" aria-label={say(texts.muted)} />}
          <Badge quiet={isMuted} count={chat.unreadCount} label={say(texts.unread, { count: chat.unreadCount })} />
        </span>
      </span>
    </Link>
  );
});
