import styles from "./Badge.module.css";

/** How many are new, on a dot; nothing for none. `label` says it in words. */
export function Badge({ count, label }: { count: number; label: string }) {
  if (count <= 0) return null;
  return (
    <span className={styles.badge}>
      <span aria-hidden="true">{count > 99 ? "99+" : count}</span>
      <span className={styles.words}>{label}</span>
    </span>
  );
}
