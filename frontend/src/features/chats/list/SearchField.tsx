import { Search, X } from "lucide-react";
import { type KeyboardEvent, useRef } from "react";
import { useText } from "../../../lib/text";
import { texts } from "../texts";
import styles from "./SearchField.module.css";

interface Props {
  value: string;
  onChange: (value: string) => void;
  onKeyDown: (event: KeyboardEvent<HTMLInputElement>) => void;
}

/** The field above the list. */
export function SearchField({ value, onChange, onKeyDown }: Props) {
  const say = useText();
  const field = useRef<HTMLInputElement>(null);
  return (
    <div className={styles.search}>
      <Search className={styles.icon} aria-hidden="true" />
      <input
        ref={field}
        id="search"
        className={styles.input}
        type="text"
        inputMode="search"
        enterKeyHint="search"
        autoComplete="off"
        spellCheck={false}
        aria-label={say(texts.searchChats)}
        placeholder={say(texts.search)}
        value={value}
        onChange={(event) => onChange(event.target.value)}
        onKeyDown={onKeyDown}
      />
      {value && (
        <button
          type="button"
          className={styles.clear}
          aria-label={say(texts.clear)}
          onClick={() => {
            onChange("");
            field.current?.focus();
          }}
        >
          <X />
        </button>
      )}
    </div>
  );
}
