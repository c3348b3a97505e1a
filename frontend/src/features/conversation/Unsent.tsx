import { useSyncExternalStore } from "react";
import { useText } from "../../lib/text";
import { Button } from "../../ui/Button";
import { useConversations } from "./ConversationsProvider";
import { texts } from "./texts";
import styles from "./Unsent.module.css";
import { useCopy } from "./useCopy";

/** What was written into a chat that nothing can be written into any more: it is not lost before its writer says so. */
export function Unsent({ chatId }: { chatId: string }) {
  const say = useText();
  const { outbox } = useConversations();
  const copy = useCopy();
  const entries = useSyncExternalStore(outbox.subscribe, () => outbox.of(chatId));
  const failed = entries.filter(({ state }) => state === "failed");
  if (failed.length === 0) return null;
  return (
    <section className={styles.unsent} aria-labelledby="unsent">
      <h2 id="unsent">{say(texts.unsentTitle, { count: failed.length })}</h2>
      <ul className={styles.list}>
        {failed.map(({ key, content }) => (
          <li key={key} className={styles.entry}>
            <p className={styles.text} dir="auto">
              {content}
            </p>
            <Button look="quiet" className={styles.small} onClick={() => copy(content)}>
              {say(texts.copy)}
            </Button>
            <Button look="quiet" className={styles.small} onClick={() => outbox.discard(key)}>
              {say(texts.discard)}
            </Button>
          </li>
        ))}
      </ul>
    </section>
  );
}
