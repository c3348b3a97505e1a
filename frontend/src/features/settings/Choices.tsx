import { useId } from "react";
import styles from "./SettingsPage.module.css";

interface Props<T> {
  title: string;
  options: readonly { value: T; text: string }[];
  value: T;
  onChoose: (value: T) => void;
  hint?: string;
}

/** A setting of which one of a few is chosen. */
export function Choices<T extends string | null>({ title, options, value, onChoose, hint }: Props<T>) {
  const id = useId();
  return (
    <section className={styles.section} aria-labelledby={id}>
      <h2 id={id}>{title}</h2>
      <div
        className={styles.choices}
        role="radiogroup"
        aria-labelledby={id}
        aria-describedby={hint ? `${id}-hint` : undefined}
      >
        {options.map((option) => (
          <label key={option.value} className={styles.choice}>
            <input type="radio" name={id} checked={option.value === value} onChange={() => onChoose(option.value)} />
            {option.text}
          </label>
        ))}
      </div>
      {hint && (
        <p className={styles.quiet} id={`${id}-hint`}>
          {hint}
        </p>
      )}
    </section>
  );
}
