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
  /** Everybody knows the picture: no tooltip, which Escape would have to close first. */
  isKnown?: boolean;
  children: ReactNode;
}

/** A button with a picture on it. */
export function IconButton({ label, keys, pressed, isKnown, className, children, ...rest }: Props) {
  const button = (
    <button
      type="button"
      aria-label={label}
      aria-pressed={pressed}
      className={classes(styles.button, className)}
      {...rest}
    >
      {children}
    </button>
  );
  if (isKnown) return button;
  return (
    <Tooltip label={label} keys={keys}>
      {button}
    </Tooltip>
  );
}
