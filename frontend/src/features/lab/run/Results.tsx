import { Circle, CircleCheck, CircleMinus, CircleX } from "lucide-react";
import { useStore } from "zustand";
import { failureText } from "../../../api/failureText";
import { useText } from "../../../lib/text";
import { classes } from "../../../ui/classes";
import { Hidden } from "../../../ui/Hidden";
import { Spinner } from "../../../ui/Spinner";
import { texts } from "../texts";
import { useMs } from "../useMs";
import { groups } from "./checks/all";
import styles from "./Results.module.css";
import { type Check, type Fault, type Result, type Run, tally } from "./run";
import type { World } from "./world";

const icons = {
  waiting: <Circle />,
  running: <Spinner />,
  passed: <CircleCheck />,
  failed: <CircleX />,
  omitted: <CircleMinus />,
};

/** What was looked at, how it ended, and how long it took. */
export function Results({ run }: { run: Run<World> }) {
  const say = useText();
  const ms = useMs();
  const { isRunning, results, ms: whole } = useStore(run.state);
  const counts = tally(results);
  const ended = counts.passed + counts.failed + counts.omitted;
  return (
    <section className={styles.results} aria-labelledby="results">
      <header className={styles.head}>
        <h2 id="results">{say(texts.results)}</h2>
        <p className={styles.summary}>
          {ended > 0 && (
            <span className={counts.failed > 0 ? styles.bad : styles.good}>
              {say(texts.tally, { passed: counts.passed, failed: counts.failed })}
            </span>
          )}{" "}
          <span>
            {ended > 0
              ? say(texts.progress, { ended, all: results.flat().length, time: ms(whole) })
              : say(texts.notRun)}
          </span>
        </p>
      </header>
      {/* Who listens is told the end, not each step. */}
      <Hidden>
        <span role="status">
          {ended > 0 && !isRunning && say(texts.tally, { passed: counts.passed, failed: counts.failed })}
        </span>
      </Hidden>
      <div className={styles.groups}>
        {groups.map((group, g) => (
          <section key={group.name.id} className={styles.group} aria-label={say(group.name)}>
            <h3 className={styles.groupName}>{say(group.name)}</h3>
            <ul>
              {group.checks.map((check, c) => {
                const result = results[g]?.[c];
                return result && <CheckRow key={check.name.id} check={check} result={result} />;
              })}
            </ul>
          </section>
        ))}
      </div>
    </section>
  );
}

function CheckRow({ check, result: { status, ms: took, fault } }: { check: Check<World>; result: Result }) {
  const say = useText();
  const ms = useMs();
  return (
    <li className={classes(styles.check, styles[status])}>
      <span className={styles.icon} aria-hidden="true">
        {icons[status]}
      </span>
      <span className={styles.name}>
        {say(check.name)} <Hidden>{say(texts[status])}</Hidden>
      </span>
      <span className={styles.time}>
        {status === "omitted" && say(texts.omittedShort)}
        {(status === "passed" || status === "failed") && ms(took)}
      </span>
      {fault && <FaultText fault={fault} />}
    </li>
  );
}

function FaultText({ fault: { what, expected, got, failure } }: { fault: Fault }) {
  const say = useText();
  return (
    <dl className={styles.fault}>
      {what !== null && (
        <>
          <dt>{say(texts.looked)}</dt>
          <dd>{what}</dd>
          <dt>{say(texts.expected)}</dt>
          <dd>{expected}</dd>
        </>
      )}
      <dt>{say(texts.got)}</dt>
      <dd>{got}</dd>
      {failure && <dd>{failureText(failure, say)}</dd>}
    </dl>
  );
}
