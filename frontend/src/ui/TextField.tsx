import { type InputHTMLAttributes, type ReactNode, type Ref, useId } from "react";
import styles from "./TextField.module.css";

interface Props extends InputHTMLAttributes<HTMLInputElement> {
  label: string;
  hint?: ReactNode;
  /** What is wrong with it. */
  error?: string;
  ref?: Ref<HTMLInputElement>;
}

/** A line of text with its name above it, and below it what is wrong or what helps. */
export function TextField({ label, hint, error, ...rest }: Props) {
  const id = useId();
  const below = error ?? hint;
  return (
    <div className={styles.field}>
      <label className={styles.label} htmlFor={id}>
        {label}
      </label>
      <input
        id={id}
        className={styles.input}
        aria-invalid={error ? true : undefined}
        aria-describedby={below ? `${id}-below` : undefined}
        {...rest}
      />
      {below && (
        <p id={`${id}-below`} className={error ? styles.error : styles.hint}>
          {below}
        </p>
      )}
    </div>
  );
}
