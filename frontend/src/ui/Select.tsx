import { type SelectHTMLAttributes, useId } from "react";
import { classes } from "./classes";
import styles from "./Select.module.css";
import fieldStyles from "./TextField.module.css";

interface Props extends Omit<SelectHTMLAttributes<HTMLSelectElement>, "onChange"> {
  label: string;
  value: string;
  options: { value: string; text: string }[];
  onChange: (value: string) => void;
}

/** One of a few, with its name above it. */
export function Select({ label, options, onChange, ...rest }: Props) {
  const id = useId();
  return (
    <div className={fieldStyles.field}>
      <label className={fieldStyles.label} htmlFor={id}>
        {label}
      </label>
      <select
        id={id}
        className={classes(fieldStyles.input, styles.select)}
        onChange={(event) => onChange(event.target.value)}
        {...rest}
      >
        {options.map(({ value, text }) => (
          <option key={value} value={value}>
            {text}
          </option>
        ))}
      </select>
    </div>
  );
}
