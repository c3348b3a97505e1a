import { useEffect, useRef } from "react";
import { useStore } from "zustand";
import { useText } from "../../../lib/text";
import { classes } from "../../../ui/classes";
import type { Timings } from "../latency/timings";
import { texts } from "../texts";
import { useMs } from "../useMs";
import styles from "./Lines.module.css";
import type { Line, Pane } from "./pane";

/** The conversation as a pane has it, each message with how long it took. */
export function Lines({ lines, pane, timings }: { lines: readonly Line[]; pane: Pane; timings: Timings }) {
  const say = useText();
  const list = useRef<HTMLDivElement>(null);
  // biome-ignore lint/correctness/useExhaustiveDependencies: what is new is shown
  useEffect(() => {
    list.current?.scrollTo(0, list.current.scrollHeight);
  }, [lines]);
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what can be scrolled has to be reached by keyboard
    <div ref={list} className={styles.box} role="log" aria-live="off" aria-label={say(texts.conversation)} tabIndex={0}>
      {lines.length === 0 && <p className={styles.none}>{say(texts.noMessages)}</p>}
      <ol className={styles.list}>
        {lines.map((line) => (
          <Message key={line.seq} line={line} pane={pane} timings={timings} />
        ))}
      </ol>
    </div>
  );
}

function Message({ line, pane, timings }: { line: Line; pane: Pane; timings: Timings }) {
  const say = useText();
  const ms = useMs();
  const sent = useStore(timings.state, ({ byId }) => byId.get(line.id));
  const isOwn = line.senderId === pane.seat.person.id;
  const arrival = sent?.arrivals.find(({ at }) => at === pane.name);
  const facts = [
    say(texts.seq, { seq: line.seq }),
    sent?.answer != null && say(texts.answered, { time: ms(sent.answer) }),
    arrival && say(arrival.isLate ? texts.arrivedLate : texts.arrived, { time: ms(arrival.ms) }),
  ].filter(Boolean);
  return (
    <li className={classes(styles.line, isOwn && styles.own)}>
      <p className={styles.text}>{line.content}</p>
      <p className={styles.facts}>{facts.join(" · ")}</p>
    </li>
  );
}
