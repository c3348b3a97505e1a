import { lazy, Suspense } from "react";
import { useText } from "../../../lib/text";
import { texts } from "../texts";
import { useMs } from "../useMs";
import styles from "./Latency.module.css";
import { dashes } from "./series";
import { type Sent, summaryOf, type Way, waysOf } from "./timings";

const Plot = lazy(() => import("./Plot").then((m) => ({ default: m.Plot })));

/** How long messages took from sending to delivery, by sender × receiver: drawn, and in numbers below it. */
export function Latency({ sent }: { sent: readonly Sent[] }) {
  const say = useText();
  const ways = waysOf(sent);
  return (
    <section className={styles.latency} aria-labelledby="latency">
      <h2 id="latency">{say(texts.latency)}</h2>
      {ways.length === 0 ? (
        <p className={styles.quiet}>{say(texts.latencyNone)}</p>
      ) : (
        <>
          <p className={styles.quiet}>{say(texts.latencyAbout)}</p>
          <div className={styles.plot}>
            <Suspense>
              <Plot ways={ways} />
            </Suspense>
          </div>
          {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what can be scrolled has to be reached by keyboard */}
          <section className={styles.scroll} aria-label={say(texts.latencyTable)} tabIndex={0}>
            <table className={styles.table} aria-labelledby="latency">
              <thead>
                <tr>
                  <th scope="col">{say(texts.way)}</th>
                  <th scope="col">{say(texts.messages)}</th>
                  <th scope="col">{say(texts.median)}</th>
                  <th scope="col">{say(texts.p95)}</th>
                  <th scope="col">{say(texts.longest)}</th>
                </tr>
              </thead>
              <tbody>
                {ways.map((way, n) => (
                  <WayRow key={`${way.sender} ${way.receiver}`} way={way} n={n} />
                ))}
              </tbody>
            </table>
          </section>
        </>
      )}
    </section>
  );
}

function WayRow({ way, n }: { way: Way; n: number }) {
  const say = useText();
  const ms = useMs();
  const { count, median, p95, most } = summaryOf(way);
  return (
    <tr>
      <th scope="row">
        <span className={styles.way}>
          <svg className={styles.swatch} data-series={n % dashes.length} viewBox="0 0 24 8" aria-hidden="true">
            <line x1="0" y1="4" x2="24" y2="4" strokeDasharray={dashes[n % dashes.length]?.join(" ")} />
            <circle cx="12" cy="4" r="3" />
          </svg>
          {say(texts.wayOf, { sender: way.sender, receiver: way.receiver })}
        </span>
      </th>
      <td>{count}</td>
      <td>{ms(median)}</td>
      <td>{ms(p95)}</td>
      <td>{ms(most)}</td>
    </tr>
  );
}
