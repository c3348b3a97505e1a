import { memo, type PointerEvent, useState } from "react";
import type { Message } from "../../lib/log";
import { useText } from "../../lib/text";
import { Avatar } from "../../ui/Avatar";
import { classes } from "../../ui/classes";
import { nameOf, useActions } from "./actions";
import { MessageBubble } from "./MessageBubble";
import { OutgoingBubble } from "./OutgoingBubble";
import type { Outgoing } from "./outbox";
import styles from "./Row.module.css";
import type { Person } from "./source";
import { texts } from "./texts";

/** One line of the history: a message that is stored, or one that is on its way. */
export type Item = Message | Outgoing;

export function isOutgoing(item: Item): item is Outgoing {
  return "state" in item;
}

export interface RowProps {
  item: Item;
  index: number;
  mine: boolean;
  sender: Person | undefined;
  /** Whether senders are named: between two people it is clear who speaks. */
  named: boolean;
  startsDay: boolean;
  startsGroup: boolean;
  /** The first of the unread ones. */
  firstUnread: boolean;
  /** Nothing was said before. */
  beginning: boolean;
  editing: boolean;
}

/** A message with what stands above it: a new day, the line before the unread ones, who speaks. */
export const Row = memo(function Row(props: RowProps) {
  const { item, index, mine, sender, named, startsDay, startsGroup, firstUnread, beginning, editing } = props;
  const say = useText();
  const { format } = useActions();
  const [near, setNear] = useState(false);
  const name = mine ? say(texts.you) : nameOf(sender, say(texts.unknown));
  const withSender = named && !mine;
  return (
    <div className={styles.row}>
      {beginning && <p className={styles.beginning}>{say(texts.beginning)}</p>}
      {startsDay && (
        <h2 className={styles.day}>
          <span>{format.day(item.createdAt)}</span>
        </h2>
      )}
      {firstUnread && (
        <p className={styles.unread}>
          <span>{say(texts.unread)}</span>
        </p>
      )}
      <article
        className={classes(
          styles.message,
          mine && styles.mine,
          startsGroup && styles.first,
          withSender && styles.named,
        )}
        aria-label={say(texts.message, { name, time: format.time(item.createdAt) })}
        data-index={index}
        tabIndex={-1}
        onPointerEnter={() => setNear(true)}
        onPointerLeave={(event) => setNear(staysNear(event))}
        onFocus={() => setNear(true)}
      >
        {withSender && startsGroup && (
          <span className={styles.avatar}>
            <Avatar id={sender?.id ?? ""} name={name} size="small" />
          </span>
        )}
        {withSender && startsGroup && <span className={styles.name}>{name}</span>}
        {isOutgoing(item) ? (
          <OutgoingBubble entry={item} />
        ) : (
          <MessageBubble message={item} mine={mine} editing={editing} near={near} />
        )}
      </article>
    </div>
  );
});

/** A finger that is lifted has not gone away, and what is open or has the focus stays. */
function staysNear({ pointerType, currentTarget }: PointerEvent<HTMLElement>): boolean {
  return pointerType !== "mouse" || currentTarget.matches(":focus-within, :has([aria-expanded='true'])");
}
