import { SendHorizontal } from "lucide-react";
import { memo, type Ref, useEffect, useRef, useState } from "react";
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
  const [text, setText] = useState(() => drafts.get(chatId));
  const left = remaining(text);
  const valid = text.trim() !== "" && (left === null || left >= 0);
  useDraft(drafts, chatId, text);

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

/** Keeps what was begun, over reloads too. */
function useDraft(drafts: Drafts, chatId: string, text: string) {
  const latest = useRef(text);
  latest.current = text;
  useEffect(() => {
    if (text === "") {
      drafts.set(chatId, "");
      return;
    }
    const timer = setTimeout(() => drafts.set(chatId, text), pause);
    return () => clearTimeout(timer);
  }, [drafts, chatId, text]);
  useEffect(() => {
    const keep = () => drafts.set(chatId, latest.current);
    window.addEventListener("pagehide", keep);
    return () => {
      window.removeEventListener("pagehide", keep);
      keep();
    };
  }, [drafts, chatId]);
}
