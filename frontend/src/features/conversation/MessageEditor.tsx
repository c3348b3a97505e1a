import { useEffect, useRef, useState } from "react";
import TextareaAutosize from "react-textarea-autosize";
import { failureText } from "../../api/failureText";
import { remaining } from "../../lib/content";
import type { Message } from "../../lib/log";
import { useText } from "../../lib/text";
import { Button } from "../../ui/Button";
import { Notice } from "../../ui/Notice";
import { useToasts } from "../../ui/toasts";
import { useActions } from "./actions";
import { Left } from "./Left";
import styles from "./MessageEditor.module.css";
import { submits } from "./submits";
import { texts } from "./texts";

/** The text of an own message, open for changes in its place. What was written stays until the server has it, over reloads too. */
export function MessageEditor({ message }: { message: Message }) {
  const say = useText();
  const { edit, draft, keep, save } = useActions();
  const [text, setText] = useState(() => draft(message));
  const [busy, setBusy] = useState(false);
  const [failure, setFailure] = useState<unknown>(null);
  const field = useRef<HTMLTextAreaElement>(null);
  const isOpen = useRef(true);
  const toast = useToasts((toasts) => toasts.say);
  const left = remaining(text);
  const valid = text.trim() !== "" && (left === null || left >= 0);

  useEffect(() => {
    let frame = 0;
    function take() {
      const { current } = field;
      current?.focus();
      current?.setSelectionRange(current.value.length, current.value.length);
      // A row that has just come is hidden until it is measured; what is hidden takes no focus.
      if (document.activeElement !== current) frame = requestAnimationFrame(take);
    }
    take();
    return () => cancelAnimationFrame(frame);
  }, []);

  useEffect(() => {
    isOpen.current = true;
    return () => {
      isOpen.current = false;
    };
  }, []);

  async function submit() {
    if (!valid || busy) return;
    if (text.trim() === message.content) return edit(null);
    setBusy(true);
    setFailure(null);
    try {
      await save(message, text.trim());
      if (isOpen.current) edit(null); // another may be open by now
    } catch (error) {
      if (!isOpen.current) return toast({ text: say(texts.notSaved, { why: failureText(error, say) }), bad: true });
      setFailure(error);
      setBusy(false);
    }
  }

  return (
    <form
      className={styles.editor}
      onSubmit={(event) => {
        event.preventDefault();
        submit();
      }}
    >
      <TextareaAutosize
        ref={field}
        className={styles.field}
        aria-label={say(texts.editing)}
        value={text}
        readOnly={busy}
        maxRows={12}
        onChange={(event) => {
          setText(event.target.value);
          keep(message, event.target.value);
        }}
        onKeyDown={(event) => {
          event.stopPropagation(); // the history's keys are not meant
          if (event.key === "Escape") edit(null);
          else if (submits(event)) {
            event.preventDefault();
            submit();
          }
        }}
      />
      <Left count={left} />
      {failure !== null && <Notice look="bad">{failureText(failure, say)}</Notice>}
      <div className={styles.buttons}>
        <span className={styles.keys}>{say(texts.editingKeys)}</span>
        <Button look="quiet" onClick={() => edit(null)}>
          {say(texts.cancel)}
        </Button>
        <Button type="submit" look="primary" busy={busy} disabled={!valid}>
          {say(texts.save)}
        </Button>
      </div>
    </form>
  );
}
