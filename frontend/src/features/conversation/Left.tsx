import { useText } from "../../lib/text";
import { classes } from "../../ui/classes";
import styles from "./Left.module.css";
import { texts } from "./texts";

/** How many characters may still be written; nothing while the end is far (null). */
export function Left({ count }: { count: number | null }) {
  const say = useText();
  if (count === null) return null;
  return (
    <p className={classes(styles.left, count < 0 && styles.over)} role="status">
      {count < 0 ? say(texts.tooLong, { count: -count }) : say(texts.left, { count })}
    </p>
  );
}
