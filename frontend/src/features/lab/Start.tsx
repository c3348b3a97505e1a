import { failureText } from "../../api/failureText";
import { useText } from "../../lib/text";
import { Button } from "../../ui/Button";
import { Notice } from "../../ui/Notice";
import styles from "./Bench.module.css";
import { PlaceFields } from "./PlaceFields";
import type { Who } from "./people";
import { texts } from "./texts";
import type { useBench } from "./useBench";

/** What is chosen before a page of two panes begins. */
export function Start({ bench }: { bench: ReturnType<typeof useBench> }) {
  const say = useText();
  const { places, isStarting, error, start, sit, choose } = bench;
  return (
    <>
      <div className={styles.panes}>
        {([0, 1] as const).map((n) => (
          <section key={n} className={styles.pane} aria-label={say(texts.pane, { n: n + 1 })}>
            <h2>{say(texts.pane, { n: n + 1 })}</h2>
            <PlaceFields
              place={places[n]}
              roles={["sender", "receiver"]}
              disabled={isStarting}
              onWho={(who: Who) => sit(n, who)}
              onInstance={(role, name) => choose(n, role, name)}
            />
          </section>
        ))}
      </div>
      {error !== undefined && <Notice look="bad">{failureText(error, say)}</Notice>}
      <div className={styles.actions}>
        <Button look="primary" busy={isStarting} onClick={start}>
          {say(texts.start)}
        </Button>
        <p className={styles.quiet}>{say(texts.startAbout)}</p>
      </div>
    </>
  );
}
