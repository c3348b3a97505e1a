import { Ban } from "lucide-react";
import type { Message } from "../../lib/log";
import { useText } from "../../lib/text";
import { classes } from "../../ui/classes";
import { useActions } from "./actions";
import styles from "./Bubble.module.css";
import { MessageEditor } from "./MessageEditor";
import { MessageMenu } from "./MessageMenu";
import { MessageText } from "./MessageText";
import { ReceiptMark } from "./ReceiptMark";
import { texts } from "./texts";

interface Props {
  message: Message;
  mine: boolean;
  editing: boolean;
  /** Somebody is at it: what can be done with it is there. */
  near: boolean;
}

/** A stored message: what it says, when, and how far it has come. */
export function MessageBubble({ message, mine, editing, near }: Props) {
  if (message.isDeleted) return <Tombstone message={message} mine={mine} />;
  if (editing) return <MessageEditor message={message} />;
  return (
    <div className={classes(styles.line, mine && styles.mine)}>
      <div className={classes(styles.bubble, mine && styles.own)} dir="auto">
        <MessageText text={message.content} room={<Room message={message} mine={mine} />} />
        <Meta message={message} mine={mine} reachable={near} />
      </div>
      <span className={styles.actions}>{near && <MessageMenu message={message} mine={mine} />}</span>
    </div>
  );
}

function Meta({ message, mine, reachable }: { message: Message; mine: boolean; reachable: boolean }) {
  const say = useText();
  const { format } = useActions();
  const { id, createdAt, editedAt } = message;
  return (
    <span className={styles.meta}>
      {editedAt && <span title={say(texts.editedAt, { time: format.exactly(editedAt) })}>{say(texts.edited)}</span>}
      <time dateTime={createdAt} title={format.exactly(createdAt)}>
        {format.time(createdAt)}
      </time>
      {mine && <ReceiptMark messageId={id} reachable={reachable} />}
    </span>
  );
}

/** Keeps as much room in the last line as Meta takes, which stands over it. */
function Room({ message, mine }: { message: Message; mine: boolean }) {
  const say = useText();
  const { format } = useActions();
  return (
    <span className={classes(styles.room, mine && styles.ticked)} aria-hidden="true">
      {message.editedAt && `${say(texts.edited)} `}
      {format.time(message.createdAt)}
    </span>
  );
}

function Tombstone({ message, mine }: { message: Message; mine: boolean }) {
  const say = useText();
  const { format } = useActions();
  return (
    <div className={classes(styles.line, mine && styles.mine)}>
      <div className={classes(styles.bubble, styles.gone)}>
        <p>
          <Ban aria-hidden="true" /> {say(texts.deleted)}
          <Room message={{ ...message, editedAt: null }} mine={false} />
        </p>
        <span className={styles.meta}>
          <time dateTime={message.createdAt} title={format.exactly(message.createdAt)}>
            {format.time(message.createdAt)}
          </time>
        </span>
      </div>
    </div>
  );
}
