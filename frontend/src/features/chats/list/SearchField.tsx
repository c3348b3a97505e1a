import { Search, X } from "lucide-react";
import { type KeyboardEvent, useEffect, useRef } from "react";
import { searchKeys } from "../../../lib/keys";
import { useText } from "../../../lib/text";
import { Keys } from "../../../ui/Keys";
import { texts } from "../texts";
import styles from "./SearchField.module.css";

interface Props {
  value: string;
  onChange: (value: string) => void;
  onKeyDown: (event: KeyboardEvent<HTMLInputElement>) => void;
}

/** The field above the list. Ctrl K, or the same with the command key, brings one here from everywhere. */
export function SearchField({ value, onChange, onKeyDown }: Props) {
  const say = useText();
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => {
    const onKey = (event: globalThis.KeyboardEvent) => {
      if (!(event.ctrlKey || event.metaKey) || event.altKey || event.shiftKey || event.key.toLowerCase() !== "k")
        return;
      event.preventDefault();
      field.current?.focus();
      field.current?.select();
    };
    window.addEventListener("keydown", onKey);
    return () => window.removeEventListener("keydown", onKey);
  }, []);
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
      {value ? (
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
      ) : (
        <span className={styles.keys} aria-hidden="true">
          <Keys of={searchKeys} />
        </span>
      )}
    </div>
  );
}
