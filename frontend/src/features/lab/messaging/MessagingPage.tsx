import { useStore } from "zustand";
import { useText } from "../../../lib/text";
import { Button } from "../../../ui/Button";
import benchStyles from "../Bench.module.css";
import { useLab } from "../LabContext";
import { LabPage } from "../LabPage";
import { Latency } from "../latency/Latency";
import type { Timings } from "../latency/timings";
import { Start } from "../Start";
import { texts } from "../texts";
import { useBench } from "../useBench";
import { openExchange } from "./exchange";
import { PaneView } from "./PaneView";

/** Two panes on instances of their own, in one chat: what is written in one is watched in the other, and measured. */
export function MessagingPage() {
  const say = useText();
  const { config, people } = useLab();
  const bench = useBench(["ada", "ben"], (places) => openExchange(config, people, places, say(texts.messagingChat)));
  const { bench: exchange, places, choose, end } = bench;
  return (
    <LabPage
      title={say(texts.messaging)}
      about={say(texts.messagingAbout)}
      action={exchange && <Button onClick={end}>{say(texts.end)}</Button>}
    >
      {!exchange && <Start bench={bench} />}
      {exchange && (
        <>
          <div className={benchStyles.panes}>
            {([0, 1] as const).map((n) => (
              <PaneView
                key={n}
                n={n}
                pane={exchange.panes[n]}
                timings={exchange.timings}
                place={places[n]}
                onInstance={(role, name) => choose(n, role, name)}
              />
            ))}
          </div>
          <Measured timings={exchange.timings} />
        </>
      )}
    </LabPage>
  );
}

function Measured({ timings }: { timings: Timings }) {
  return <Latency sent={useStore(timings.state).all} />;
}
