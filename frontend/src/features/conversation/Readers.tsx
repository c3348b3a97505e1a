import { Popover } from "radix-ui";
import { type RefObject, useEffect, useState, useSyncExternalStore } from "react";
import { failureText } from "../../api/failureText";
import { useText } from "../../lib/text";
import { Avatar } from "../../ui/Avatar";
import { Notice } from "../../ui/Notice";
import { nameOf, useActions } from "./actions";
import styles from "./Readers.module.css";
import { texts } from "./texts";

/** Who has read a message, and when. */
export function Readers({
  messageId,
  anchor,
  onClose,
}: {
  messageId: string;
  anchor: RefObject<HTMLButtonElement | null>;
  onClose: () => void;
}) {
  const say = useText();
  const { receipts, person, format } = useActions();
  const known = useSyncExternalStore(receipts.subscribe, () => receipts.details(messageId));
  const [failure, setFailure] = useState<unknown>(null);
  useEffect(() => {
    receipts.refresh(messageId).catch(setFailure);
  }, [receipts, messageId]);
  const readers = [...(known?.readers ?? [])].toSorted(([, a], [, b]) => (a < b ? -1 : 1));
  return (
    <Popover.Root open onOpenChange={(open) => !open && onClose()}>
      <Popover.Anchor virtualRef={anchor as RefObject<HTMLButtonElement>} />
      <Popover.Portal>
        <Popover.Content
          className={styles.card}
          side="top"
          align="end"
          sideOffset={6}
          collisionPadding={8}
          aria-label={say(texts.readers)}
          onCloseAutoFocus={(event) => {
            event.preventDefault();
            anchor.current?.focus();
          }}
        >
          <h2 className={styles.title}>{say(texts.readers)}</h2>
          {failure !== null && <Notice look="bad">{failureText(failure, say)}</Notice>}
          {known && readers.length === 0 && <p className={styles.none}>{say(texts.notReadYet)}</p>}
          <ul className={styles.list}>
            {readers.map(([userId, readAt]) => {
              const name = nameOf(person(userId), say(texts.unknown));
              return (
                <li key={userId} className={styles.reader}>
                  <Avatar id={userId} name={name} size="small" />
                  <span className={styles.name}>{name}</span>
                  <time className={styles.time} dateTime={readAt} title={format.exactly(readAt)}>
                    {format.short(readAt)}
                  </time>
                </li>
              );
            })}
          </ul>
        </Popover.Content>
      </Popover.Portal>
    </Popover.Root>
  );
}
