import { useStore } from "zustand";
import { failureText } from "../../../api/failureText";
import { useText } from "../../../lib/text";
import { Button } from "../../../ui/Button";
import { Notice } from "../../../ui/Notice";
import styles from "../Bench.module.css";
import { LabPage } from "../LabPage";
import { Latency } from "../latency/Latency";
import { PlaceFields } from "../PlaceFields";
import { texts } from "../texts";
import { Results } from "./Results";
import { useRun } from "./useRun";

/** A run over the whole API, from this browser against the instances that are chosen. */
export function RunPage() {
  const say = useText();
  const { sides, choose, run, timings, phase, error, start, stop } = useRun();
  const { all } = useStore(timings.state);
  const isBusy = phase !== "idle";
  return (
    <LabPage title={say(texts.run)} about={say(texts.runAbout)}>
      <div className={styles.panes}>
        {([0, 1] as const).map((n) => (
          <section key={n} className={styles.pane} aria-label={say(texts.side, { name: sides[n].who })}>
            <h2>{say(texts.side, { name: sides[n].who })}</h2>
            <PlaceFields
              place={sides[n]}
              roles={["user", "sender", "receiver"]}
              disabled={isBusy}
              onInstance={(role, name) => choose(n, role, name)}
            />
          </section>
        ))}
      </div>
      {error !== undefined && <Notice look="bad">{failureText(error, say)}</Notice>}
      <div className={styles.actions}>
        <Button look="primary" busy={isBusy} onClick={start}>
          {say(texts.runStart)}
        </Button>
        {phase === "running" && <Button onClick={stop}>{say(texts.runStop)}</Button>}
        <p className={styles.quiet}>{say(texts.runPeople)}</p>
      </div>
      <Results run={run} />
      {all.length > 0 && <Latency sent={all} />}
    </LabPage>
  );
}
