import { ArrowLeft, PanelRight } from "lucide-react";
import { useLocation } from "wouter";
import { useUserId } from "../../api/Api";
import type { Chat } from "../../api/chats/cache";
import { chatName, otherOf } from "../../api/chats/people";
import { useText } from "../../lib/text";
import { Avatar } from "../../ui/Avatar";
import { Handle } from "../../ui/Handle";
import { IconButton } from "../../ui/IconButton";
import styles from "./ChatHeader.module.css";
import { texts } from "./texts";

interface Props {
  chat: Chat;
  hasDetails: boolean;
  onDetails: () => void;
}

/** Whom one is writing with, above the messages. */
export function ChatHeader({ chat, hasDetails, onDetails }: Props) {
  const say = useText();
  const userId = useUserId();
  const [, go] = useLocation();
  const other = otherOf(chat, userId);
  const name = chatName(chat, userId);
  return (
    <header className={styles.header}>
      <span className={styles.back}>
        <IconButton label={say(texts.back)} onClick={() => go("/")}>
          <ArrowLeft />
        </IconButton>
      </span>
      <Avatar id={other?.id ?? chat.id} name={name} group={chat.chatType === "group"} size="small" />
      <div className={styles.text}>
        <h1 className={styles.name}>{name}</h1>
        <p className={styles.quiet}>
          {other && <Handle name={other.username} />}
          {!other && chat.chatType === "direct" && say(texts.direct)}
          {chat.chatType === "group" && say(texts.memberCount, { count: chat.participants.length })}
        </p>
      </div>
      <IconButton data-details label={say(texts.details)} pressed={hasDetails} onClick={onDetails}>
        <PanelRight />
      </IconButton>
    </header>
  );
}
