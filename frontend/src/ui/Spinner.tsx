import styles from "./Spinner.module.css";

/** Something takes time. Whoever shows it says what. */
export function Spinner() {
  return <span className={styles.spinner} aria-hidden="true" />;
}
