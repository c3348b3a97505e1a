import { LockKeyhole, TriangleAlert } from "lucide-react";
import { useEffect, useMemo, useSyncExternalStore } from "react";
import { failureText } from "../../api/failureText";
import { useText } from "../../lib/text";
import { Button } from "../../ui/Button";
import { Empty } from "../../ui/Empty";
import { Hidden } from "../../ui/Hidden";
import { Spinner } from "../../ui/Spinner";
import styles from "./Conversation.module.css";
import { useConversations } from "./ConversationsProvider";
import { OpenConversation } from "./OpenConversation";
import { texts } from "./texts";

/**
 * The messages of a chat and what is written into it. It fills the height below the chat's header, which the frame shows,
 * and is mounted anew for each chat.
 */
export function Conversation({ chatId }: { chatId: string }) {
  const say = useText();
  const conversations = useConversations();
  const feed = useMemo(() => conversations.feed(chatId), [conversations, chatId]);
  const state = useSyncExternalStore(feed.subscribe, feed.snapshot);
  useEffect(() => {
    feed.start();
    return () => feed.stop();
  }, [feed]);

  const { phase, log, shape, failure } = state;
  if (phase === "gone") {
    return (
      <Empty icon={<LockKeyhole />} title={say(texts.goneTitle)}>
        {say(texts.goneText)}
      </Empty>
    );
  }
  if (phase === "failed") {
    return (
      <Empty
        icon={<TriangleAlert />}
        title={say(texts.failedTitle)}
        action={<Button onClick={() => feed.start()}>{say(texts.tryAgain)}</Button>}
      >
        {failureText(failure, say)}
      </Empty>
    );
  }
  if (log === null || shape === null) {
    return (
      <div className={styles.opening} role="status">
        <Spinner />
        <Hidden>{say(texts.opening)}</Hidden>
      </div>
    );
  }
  return <OpenConversation feed={feed} state={state} log={log} shape={shape} />;
}
