import { useStore } from "zustand";
import { useText } from "../../lib/text";
import { Avatar } from "../../ui/Avatar";
import { classes } from "../../ui/classes";
import styles from "./Bench.module.css";
import type { Seat } from "./seat";
import { texts } from "./texts";

/** Who sits at a pane, and how their connection is. */
export function PaneHead({ seat }: { seat: Seat }) {
  const say = useText();
  const { status } = useStore(seat.live.connection);
  const isConnected = status === "connected";
  return (
    <header className={styles.head}>
      <Avatar id={seat.person.id} name={seat.person.name} size="small" />
      <h2 className={styles.name}>{seat.person.name}</h2>
      <span className={styles.connection} role="status">
        <span className={classes(styles.dot, isConnected && styles.connected)} aria-hidden="true" />
        {say(isConnected ? texts.connected : texts.away)}
      </span>
    </header>
  );
}
