import styles from "./Keys.module.css";

/** Keys to press together, written like "Ctrl K". */
export function Keys({ of }: { of: string }) {
  return <kbd className={styles.keys}>{of}</kbd>;
}
