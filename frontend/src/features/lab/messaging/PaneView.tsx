import { useStore } from "zustand";
import { failureText } from "../../../api/failureText";
import type { Role } from "../../../api/roles.gen";
import { useText } from "../../../lib/text";
import { Button } from "../../../ui/Button";
import { Notice } from "../../../ui/Notice";
import styles from "../Bench.module.css";
import type { Timings } from "../latency/timings";
import { PaneHead } from "../PaneHead";
import { PlaceFields } from "../PlaceFields";
import { texts } from "../texts";
import type { Place } from "../usePlaces";
import { Checked } from "./Checked";
import { Lines } from "./Lines";
import { awayTime, type Pane } from "./pane";
import { SendForm } from "./SendForm";

/** One of the two: its conversation, what can be written, what can go wrong on purpose, and whether anything is missing. */
export function PaneView({
  n,
  pane,
  timings,
  place,
  onInstance,
}: {
  n: 0 | 1;
  pane: Pane;
  timings: Timings;
  place: Place;
  onInstance: (role: Role, name: string) => void;
}) {
  const say = useText();
  const { lines, ledger, isSkipping, ignored, failure } = useStore(pane.state);
  const isConnected = useStore(pane.seat.live.connection).status === "connected";
  return (
    <section className={styles.pane} aria-label={say(texts.paneOf, { n: n + 1, name: pane.seat.person.name })}>
      <PaneHead seat={pane.seat} />
      <PlaceFields place={place} roles={["sender", "receiver"]} onInstance={onInstance} />
      <Lines lines={lines} pane={pane} timings={timings} />
      <SendForm pane={pane} />
      <div className={styles.actions}>
        <Button disabled={!isConnected} onClick={() => pane.drop()}>
          {say(texts.drop)}
        </Button>
        <Button aria-pressed={isSkipping} onClick={() => pane.skip(!isSkipping)}>
          {say(isSkipping ? texts.listen : texts.skip)}
        </Button>
      </div>
      <p className={styles.quiet}>
        {isSkipping ? say(texts.skipping, { count: ignored }) : say(texts.troubleAbout, { seconds: awayTime / 1000 })}
      </p>
      {failure && <Notice look="bad">{failureText(failure, say)}</Notice>}
      <Checked ledger={ledger} />
    </section>
  );
}
