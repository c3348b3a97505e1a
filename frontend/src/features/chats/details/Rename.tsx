import { type FormEvent, useState } from "react";
import type { Chat } from "../../../api/chats/cache";
import { useText } from "../../../lib/text";
import { Button } from "../../../ui/Button";
import { TextField } from "../../../ui/TextField";
import { texts } from "../texts";
import styles from "./Rename.module.css";

interface Props {
  chat: Chat;
  onSave: (name: string, description: string) => Promise<void>;
  onCancel: () => void;
}

/** Changes a group's name, and what it is for. */
export function Rename({ chat, onSave, onCancel }: Props) {
  const say = useText();
  const [busy, setBusy] = useState(false);
  async function save(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    const data = new FormData(event.currentTarget);
    setBusy(true);
    await onSave(String(data.get("name")).trim(), String(data.get("description")).trim());
    setBusy(false);
  }
  return (
    <form className={styles.form} onSubmit={save}>
      <TextField
        name="name"
        label={say(texts.groupName)}
        defaultValue={chat.name}
        required
        maxLength={200}
        autoComplete="off"
        autoFocus
      />
      <TextField
        name="description"
        label={say(texts.groupDescription)}
        hint={say(texts.optional)}
        defaultValue={chat.description ?? ""}
        maxLength={2000}
        autoComplete="off"
      />
      <div className={styles.buttons}>
        <Button onClick={onCancel}>{say(texts.cancel)}</Button>
        <Button type="submit" look="primary" busy={busy}>
          {say(texts.save)}
        </Button>
      </div>
    </form>
  );
}
