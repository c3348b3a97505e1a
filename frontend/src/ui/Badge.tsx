import styles from "./Badge.module.css";
import { classes } from "./classes";

/** How many are new, on a dot; nothing for none. `label` says it in words. quiet: it calls for nobody. */
export function Badge({ count, label, quiet }: { count: number; label: string; quiet?: boolean }) {
  if (count <= 0) return null;
  return (
    <span className={classes(styles.badge, quiet && styles.quiet)}>
      <span aria-hidden="true">{count > 99 ? "99+" : count}</span>
      <span className={styles.words}>{label}</span>
    </span>
  );
}
