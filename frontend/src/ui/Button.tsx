import type { ButtonHTMLAttributes } from "react";
import styles from "./Button.module.css";
import { classes } from "./classes";
import { Spinner } from "./Spinner";

type Look = "primary" | "plain" | "quiet" | "danger";

interface Props extends ButtonHTMLAttributes<HTMLButtonElement> {
  look?: Look;
  wide?: boolean;
  /** It is being done: nothing can be pressed, and screen readers hear that it takes time. */
  busy?: boolean;
}

/** A button with words on it. */
export function Button({ look = "plain", wide, busy, disabled, className, children, type, ...rest }: Props) {
  return (
    <button
      type={type ?? "button"}
      className={classes(styles.button, styles[look], wide && styles.wide, className)}
      disabled={disabled || busy}
      aria-busy={busy || undefined}
      {...rest}
    >
      {busy && <Spinner />}
      {children}
    </button>
  );
}
