import { useText } from "../../../lib/text";
import { Hidden } from "../../../ui/Hidden";
import { texts } from "../texts";
import styles from "./Loading.module.css";

/** The shape of a list that is on its way. */
export function Loading() {
  const say = useText();
  return (
    <div className={styles.rows} role="status">
      <Hidden>{say(texts.loading)}</Hidden>
      {[62, 44, 74, 52, 66].map((width) => (
        <div key={width} className={styles.row}>
          <span className={styles.circle} />
          <span className={styles.lines}>
            <span className={styles.line} style={{ width: `${width / 2}%` }} />
            <span className={styles.line} style={{ width: `${width}%` }} />
          </span>
        </div>
      ))}
    </div>
  );
}
