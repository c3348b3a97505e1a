import { SendHorizontal } from "lucide-react";
import { memo, type Ref, useCallback, useEffect, useRef, useState } from "react";
import TextareaAutosize from "react-textarea-autosize";
import { remaining } from "../../lib/content";
import { useText } from "../../lib/text";
import { IconButton } from "../../ui/IconButton";
import styles from "./Composer.module.css";
import type { Drafts } from "./drafts";
import { Left } from "./Left";
import { submits } from "./submits";
import { texts } from "./texts";

interface Props {
  chatId: string;
  drafts: Drafts;
  onSend: (text: string) => void;
  /** The last own message is to be changed. */
  onEditLast: () => void;
  ref?: Ref<HTMLTextAreaElement>;
}

/** A draft is written down when the writer pauses (ms). */
const pause = 300;

/** Where messages are written. It waits for nobody: what is sent is gone from here at once. */
export const Composer = memo(function Composer({ chatId, drafts, onSend, onEditLast, ref }: Props) {
  const say = useText();
  const [text, setText] = useDraft(drafts, chatId);
  const left = remaining(text);
  const valid = text.trim() !== "" && (left === null || left >= 0);

  function send() {
    if (!valid) return;
    onSend(text.trim());
    setText("");
  }

  return (
    <form
      className={styles.composer}
      onSubmit={(event) => {
        event.preventDefault();
        send();
      }}
    >
      <div className={styles.box}>
        <TextareaAutosize
          ref={ref}
          className={styles.field}
          aria-label={say(texts.write)}
          placeholder={say(texts.write)}
          value={text}
          maxRows={10}
          enterKeyHint="enter"
          dir="auto"
          onChange={(event) => setText(event.target.value)}
          onKeyDown={(event) => {
            if (submits(event)) {
              event.preventDefault();
              send();
            } else if (event.key === "ArrowUp" && text === "" && !event.nativeEvent.isComposing) {
              event.preventDefault();
              onEditLast();
            }
          }}
        />
        <IconButton type="submit" label={say(texts.send)} keys="Enter" className={styles.send} disabled={!valid}>
          <SendHorizontal />
        </IconButton>
      </div>
      <Left count={left} />
    </form>
  );
});

/**
 * What was begun, kept over reloads too. Other tabs keep theirs in the same place: only what was changed here is written
 * there, and as long as nothing was, what they write is shown.
 */
function useDraft(drafts: Drafts, chatId: string) {
  const [text, setText] = useState(() => drafts.get(chatId));
  const latest = useRef(text);
  latest.current = text;
  const kept = useRef(text);
  const keep = useCallback(() => {
    if (latest.current === kept.current) return;
    drafts.set(chatId, latest.current);
    kept.current = drafts.get(chatId); // a browser that is full keeps nothing new
  }, [drafts, chatId]);
  useEffect(() => {
    if (text === "") {
      keep();
      return;
    }
    const timer = setTimeout(keep, pause);
    return () => clearTimeout(timer);
  }, [keep, text]);
  useEffect(() => {
    const follow = () => {
      if (latest.current !== kept.current) return;
      kept.current = drafts.get(chatId);
      setText(kept.current);
    };
    window.addEventListener("storage", follow);
    window.addEventListener("pagehide", keep);
    return () => {
      window.removeEventListener("storage", follow);
      window.removeEventListener("pagehide", keep);
      keep();
    };
  }, [drafts, chatId, keep]);
  return [text, setText] as const;
}
