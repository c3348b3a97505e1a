import { useEffect, useRef, useState } from "react";
import { lineOf } from "../../lib/line";
import type { Message } from "../../lib/log";
import { useText } from "../../lib/text";
import { Hidden } from "../../ui/Hidden";
import { nameOf, useActions } from "./actions";
import { texts } from "./texts";

/** Screen readers hear of new messages this often at most (ms). */
const every = 2000;

/** Reads new messages of others out, the beginning of each. The history itself is silent: it comes and goes as it is scrolled. */
export function Announcer({ messages, userId }: { messages: readonly Message[]; userId: string }) {
  const say = useText();
  const { person } = useActions();
  const [words, setWords] = useState("");
  const told = useRef(messages.at(-1)?.seq ?? 0);
  const waiting = useRef<Message[]>([]);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);

  useEffect(() => {
    for (let i = messages.length - 1; i >= 0; i--) {
      const message = messages[i] as Message;
      if (message.seq <= told.current) break;
      if (message.senderId !== userId && !message.isDeleted) waiting.current.push(message);
    }
    told.current = Math.max(told.current, messages.at(-1)?.seq ?? 0);
    if (waiting.current.length === 0 || timer.current !== undefined) return;
    const tell = () => {
      const [first, ...others] = waiting.current.splice(0);
      timer.current = first ? setTimeout(tell, every) : undefined;
      if (!first) return;
      const name = nameOf(person(first.senderId), say(texts.unknown));
      if (others.length > 0) setWords(say(texts.announcedMany, { count: others.length + 1 }));
      else lineOf(first.content).then((text) => setWords(say(texts.announced, { name, text })));
    };
    tell();
  }, [messages, userId, person, say]);
  useEffect(
    () => () => {
      clearTimeout(timer.current);
      timer.current = undefined;
    },
    [],
  );
  return (
    <Hidden>
      <span aria-live="polite">{words}</span>
    </Hidden>
  );
}
