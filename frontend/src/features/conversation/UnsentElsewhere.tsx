import { CircleAlert } from "lucide-react";
import { useSyncExternalStore } from "react";
import { Link } from "wouter";
import { useLine } from "../../lib/line";
import { useText } from "../../lib/text";
import { useConversations } from "./ConversationsProvider";
import { texts } from "./texts";
import styles from "./UnsentElsewhere.module.css";

/** Leads to what was not sent in chats that are in no list any more, one line for each of them. */
export function UnsentElsewhere({ listed }: { listed: readonly { id: string }[] }) {
  const say = useText();
  const { outbox } = useConversations();
  const entries = useSyncExternalStore(outbox.subscribe, () => outbox.all);
  const known = new Set(listed.map(({ id }) => id));
  const failed = entries.filter(({ state, chatId }) => state === "failed" && !known.has(chatId));
  if (failed.length === 0) return null;
  const chatIds = new Set(failed.map(({ chatId }) => chatId));
  return (
    <ul className={styles.list}>
      {[...chatIds].map((chatId) => {
        const all = failed.filter((one) => one.chatId === chatId);
        return (
          <li key={chatId}>
            <Link href={`/c/${chatId}`} className={styles.row}>
              <CircleAlert aria-hidden="true" />
              <span className={styles.title}>{say(texts.unsentTitle, { count: all.length })}</span>
              <Line content={all[0]?.content ?? ""} />
            </Link>
          </li>
        );
      })}
    </ul>
  );
}

function Line({ content }: { content: string }) {
  return <span className={styles.text}>{useLine(content)}</span>;
}
