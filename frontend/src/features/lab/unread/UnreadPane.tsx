import { useStore } from "zustand";
import type { Role } from "../../../api/roles.gen";
import { useText } from "../../../lib/text";
import { Badge } from "../../../ui/Badge";
import { Button } from "../../../ui/Button";
import { Notice } from "../../../ui/Notice";
import styles from "../Bench.module.css";
import { PaneHead } from "../PaneHead";
import { PlaceFields } from "../PlaceFields";
import { texts } from "../texts";
import { useMs } from "../useMs";
import type { Place } from "../usePlaces";
import { useTries } from "../useTries";
import rowStyles from "./UnreadPane.module.css";
import type { Watcher } from "./watcher";

/** The chats of one pane with what is unread in them. */
export function UnreadPane({
  n,
  chats,
  watcher,
  place,
  onInstance,
}: {
  n: 0 | 1;
  chats: readonly { id: string; name: string }[];
  watcher: Watcher;
  place: Place;
  onInstance: (role: Role, name: string) => void;
}) {
  const say = useText();
  const ms = useMs();
  const counts = useStore(watcher.state);
  const { attempt, error } = useTries();
  const { name } = watcher.seat.person;
  return (
    <section className={styles.pane} aria-label={say(texts.paneOf, { n: n + 1, name })}>
      <PaneHead seat={watcher.seat} />
      <PlaceFields place={place} roles={["sender", "receiver"]} onInstance={onInstance} />
      <ul className={rowStyles.list}>
        {chats.map((chat) => {
          const { unread, ms: took } = counts.get(chat.id) ?? { unread: 0, ms: null };
          return (
            <li key={chat.id} className={rowStyles.row} aria-label={chat.name}>
              <div className={rowStyles.chat}>
                <span className={rowStyles.name}>{chat.name}</span>
                <Badge count={unread} label={say(texts.unreadCount, { count: unread })} />
              </div>
              <p className={styles.quiet} role="status">
                {say(texts.unreadCount, { count: unread })}
                {took !== null && ` · ${say(texts.changedAfter, { time: ms(took) })}`}
              </p>
              <div className={styles.actions}>
                <Button disabled={unread === 0} onClick={() => attempt(() => watcher.read(chat.id))}>
                  {say(texts.markRead)}
                </Button>
                <Button
                  look="quiet"
                  onClick={() => attempt(() => watcher.write(chat.id, say(texts.example, { n: 1 })))}
                >
                  {say(texts.write)}
                </Button>
              </div>
            </li>
          );
        })}
      </ul>
      {error && <Notice look="bad">{error}</Notice>}
    </section>
  );
}
