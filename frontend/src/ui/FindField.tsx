import { Search } from "lucide-react";
import type { InputHTMLAttributes, Ref } from "react";
import styles from "./FindField.module.css";

interface Props extends Omit<InputHTMLAttributes<HTMLInputElement>, "onChange"> {
  /** What is found, which also stands in it while it is empty. */
  label: string;
  value: string;
  onChange: (value: string) => void;
  ref?: Ref<HTMLInputElement>;
}

/** A field above what is found by it. */
export function FindField({ label, onChange, ...rest }: Props) {
  return (
    <div className={styles.field}>
      <Search aria-hidden="true" />
      <input
        className={styles.input}
        type="text"
        autoComplete="off"
        spellCheck={false}
        aria-label={label}
        placeholder={label}
        onChange={(event) => onChange(event.target.value)}
        {...rest}
      />
    </div>
  );
}
