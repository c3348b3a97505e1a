import { Send } from "lucide-react";
import { type FormEvent, useState } from "react";
import { useText } from "../../../lib/text";
import { Button } from "../../../ui/Button";
import { IconButton } from "../../../ui/IconButton";
import { Notice } from "../../../ui/Notice";
import { TextField } from "../../../ui/TextField";
import { texts } from "../texts";
import { useTries } from "../useTries";
import type { Pane } from "./pane";
import styles from "./SendForm.module.css";

/** How many are sent at once, one after the other. */
const many = 10;

/** What is written at a pane, or a number of messages that are not worth writing. */
export function SendForm({ pane }: { pane: Pane }) {
  const say = useText();
  const [text, setText] = useState("");
  const one = useTries();
  const several = useTries();
  const error = one.error ?? several.error;

  function submit(event: FormEvent) {
    event.preventDefault();
    if (!text.trim()) return;
    setText("");
    void one.attempt(() => pane.send(text.trim()));
  }

  async function sendMany() {
    for (let n = 1; n <= many; n++) await pane.send(say(texts.example, { n }));
  }

  return (
    <>
      <form className={styles.form} onSubmit={submit}>
        <TextField label={say(texts.message)} value={text} onChange={(event) => setText(event.target.value)} />
        <IconButton type="submit" label={say(texts.send)} disabled={!text.trim()}>
          <Send />
        </IconButton>
        <Button busy={several.isBusy} onClick={() => several.attempt(sendMany)}>
          {say(texts.sendMany, { count: many })}
        </Button>
      </form>
      {error && <Notice look="bad">{error}</Notice>}
    </>
  );
}
