import { ArrowDown, MessagesSquare } from "lucide-react";
import { type Ref, useImperativeHandle, useMemo, useState } from "react";
import { Virtualizer } from "virtua";
import { holdsKey, indexOfSeq, type Log } from "../../lib/log";
import { useText } from "../../lib/text";
import { countUnread, startsDay, startsGroup } from "../../lib/timeline";
import { Button } from "../../ui/Button";
import { Empty } from "../../ui/Empty";
import { Spinner } from "../../ui/Spinner";
import type { FeedState } from "./feed";
import styles from "./History.module.css";
import type { Outgoing } from "./outbox";
import { type Item, isOutgoing, Row } from "./Row";
import type { Person } from "./source";
import { texts } from "./texts";
import { useAttention } from "./useAttention";
import { useRoving } from "./useRoving";
import { useScroll } from "./useScroll";
import { useUnreadLine } from "./useUnreadLine";

export interface HistoryHandle {
  /** To the newest message, and on with those that follow. */
  toEnd(): void;
  /** Brings a message into sight. */
  reveal(seq: number): void;
}

export interface HistoryProps {
  userId: string;
  log: Log;
  /** Another number: another list, of which only what is newest is sure. */
  reading: number;
  /** Up to here everything is read. */
  readSeq: number;
  outgoing: readonly Outgoing[];
  people: ReadonlyMap<string, Person>;
  named: boolean;
  older: FeedState["older"];
  /** The seq of the message that is being edited. */
  editing: number | null;
  onOlder: () => void;
  /** A message by somebody else is in front of somebody who looks. */
  onSeen: (seq: number) => void;
  /** These own messages are in sight. */
  onSight: (messageIds: string[]) => void;
  ref?: Ref<HistoryHandle>;
}

/**
 * The messages of a chat, of which only those in sight are elements. Who is at the end stays there; who reads further up stays
 * where they are, whatever comes above or below.
 */
export function History(props: HistoryProps) {
  const { userId, log, reading, readSeq, outgoing, people, named, older, editing, onOlder, onSeen, onSight, ref } =
    props;
  const say = useText();
  const attended = useAttention();
  const [seen, setSeen] = useState(readSeq);
  const [away, setAway] = useState(false);
  const { line, clear } = useUnreadLine(log, reading, userId, seen, attended && !away);

  const { messages } = log;
  const waiting = useMemo(() => outgoing.filter(({ key, afterSeq }) => !holdsKey(log, key, afterSeq)), [outgoing, log]);
  const items = useMemo((): readonly Item[] => [...messages, ...waiting], [messages, waiting]);

  const scroll = useScroll({
    items,
    messages,
    userId,
    reading,
    attended,
    start: editing ?? line,
    seen,
    onAway: setAway,
    onOlder: older === "failed" ? waitForThem : onOlder,
    onSeen: (seq) => {
      setSeen(seq);
      onSeen(seq);
    },
    onSight,
  });
  const roving = useRoving(scroll.list, scroll.place, items.length);
  const mounted = useMounted(roving.index, editing === null ? null : indexOfSeq(messages, editing));

  useImperativeHandle(ref, () => ({
    toEnd: () => {
      if (line !== null && line <= seen) clear();
      scroll.toEnd();
    },
    reveal: (seq) => scroll.reveal(indexOfSeq(messages, seq)),
  }));

  const row = (item: Item, index: number) => {
    const at = placed(item, userId);
    const above = items[index - 1];
    const previous = above && placed(above, userId);
    const stored = isOutgoing(item) ? null : item;
    return (
      <Row
        key={stored ? (stored.clientMessageId ?? stored.id) : (item as Outgoing).key}
        item={item}
        index={index}
        mine={at.senderId === userId}
        sender={people.get(at.senderId)}
        named={named}
        startsDay={startsDay(previous, at)}
        startsGroup={stored?.seq === line || startsGroup(previous, at)}
        firstUnread={stored !== null && stored.seq === line}
        beginning={index === 0 && log.floor === 0}
        editing={stored !== null && stored.seq === editing}
      />
    );
  };
  const unseen = away ? countUnread(messages, userId, seen) : 0;
  return (
    <section className={styles.history}>
      <Older state={older} onAgain={onOlder} />
      {items.length === 0 ? (
        <Empty icon={<MessagesSquare />} title={say(texts.emptyTitle)}>
          {say(texts.emptyText)}
        </Empty>
      ) : (
        <div
          ref={scroll.place}
          className={styles.scroller}
          data-placed={scroll.placed}
          role="log"
          aria-label={say(texts.messages)}
          aria-live="off"
          // biome-ignore lint/a11y/noNoninteractiveTabindex: what can be scrolled can be scrolled by keys
          tabIndex={0}
          onKeyDown={roving.onKeyDown}
          onFocus={roving.onFocus}
          onBlur={roving.onBlur}
        >
          <div className={styles.filler} />
          <Virtualizer
            ref={scroll.list}
            data={items}
            shift={scroll.shift}
            bufferSize={400}
            keepMounted={mounted}
            onScroll={scroll.look}
            onResize={scroll.resized}
          >
            {row}
          </Virtualizer>
        </div>
      )}
      {away && (
        <Button className={styles.newest} onClick={scroll.toEnd}>
          <ArrowDown aria-hidden="true" />
          {unseen > 0 ? say(texts.toNew, { count: unseen }) : say(texts.toNewest)}
        </Button>
      )}
    </section>
  );
}

/** What could not be loaded is not asked for at every turn of a wheel. */
const waitForThem = () => {};

function Older({ state, onAgain }: { state: FeedState["older"]; onAgain: () => void }) {
  const say = useText();
  if (state === "idle") return null;
  return (
    <div className={styles.older} role="status">
      {state === "loading" ? (
        <>
          <Spinner />
          {say(texts.loadingOlder)}
        </>
      ) : (
        <>
          {say(texts.olderFailed)}
          <Button look="quiet" onClick={onAgain}>
            {say(texts.tryAgain)}
          </Button>
        </>
      )}
    </div>
  );
}

/** Where an item stands among days and senders. */
function placed(item: Item, userId: string): { senderId: string; createdAt: string } {
  return isOutgoing(item) ? { senderId: userId, createdAt: item.createdAt } : item;
}

/** What must not go away although it is out of sight: what has the focus, and what is being edited. */
function useMounted(focused: number | null, edited: number | null): number[] {
  return useMemo(() => [focused, edited].filter((one) => one !== null), [focused, edited]);
}
