import type { ReactNode } from "react";
import { classes } from "./classes";
import styles from "./Notice.module.css";

/** Something that has to be known here. bad: it went wrong, and is read out at once. */
export function Notice({
  look = "plain",
  children,
  action,
}: {
  look?: "plain" | "warn" | "bad";
  children: ReactNode;
  action?: ReactNode;
}) {
  return (
    <div className={classes(styles.notice, styles[look])} role={look === "bad" ? "alert" : "status"}>
      <div className={styles.text}>{children}</div>
      {action}
    </div>
  );
}
