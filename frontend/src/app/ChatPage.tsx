import { useLocation, useRoute } from "wouter";
import { ChatHeader } from "../features/chats/ChatHeader";
import { Details } from "../features/chats/details/Details";
import { Gone } from "../features/chats/Gone";
import { useChat } from "../features/chats/useChat";
import { Conversation } from "../features/conversation/Conversation";
import { Unsent } from "../features/conversation/Unsent";
import { classes } from "../ui/classes";
import styles from "./ChatPage.module.css";
import { useFocusReturn } from "./useFocusReturn";

/** A chat: who it is with, what was said, and beside it the details if they are wanted. */
export function ChatPage({ chatId }: { chatId: string }) {
  const looked = useChat(chatId);
  const [hasDetails] = useRoute("/c/:chatId/details");
  const [, go] = useLocation();
  useFocusReturn(hasDetails ? "[data-details]" : undefined);
  const toggle = () => go(hasDetails ? `/c/${chatId}` : `/c/${chatId}/details`);
  if (looked.status !== "member") {
    return (
      <div className={styles.gone}>
        <Gone looked={looked} />
        <Unsent chatId={chatId} />
      </div>
    );
  }
  return (
    <div className={classes(styles.page, hasDetails && styles.wide)}>
      <div className={styles.chat}>
        <ChatHeader chat={looked.chat} hasDetails={hasDetails} onDetails={toggle} />
        <div className={styles.conversation}>
          <Conversation chatId={chatId} />
        </div>
      </div>
      {hasDetails && (
        <div className={styles.details}>
          <Details chat={looked.chat} onClose={toggle} />
        </div>
      )}
    </div>
  );
}
