import type { ButtonHTMLAttributes, ReactNode } from "react";
import { classes } from "./classes";
import styles from "./IconButton.module.css";
import { Tooltip } from "./Tooltip";

interface Props extends ButtonHTMLAttributes<HTMLButtonElement> {
  /** What it does, in words: its name, and its tooltip. */
  label: string;
  /** Keys that do the same, shown in the tooltip. */
  keys?: string;
  pressed?: boolean;
  children: ReactNode;
}

/** A button with a picture on it. */
export function IconButton({ label, keys, pressed, className, children, ...rest }: Props) {
  return (
    <Tooltip label={label} keys={keys}>
      <button
        type="button"
        aria-label={label}
        aria-pressed={pressed}
        className={classes(styles.button, className)}
        {...rest}
      >
        {children}
      </button>
    </Tooltip>
  );
}
