import { CircleCheck, CircleX, Loader } from "lucide-react";
import type { ReactNode } from "react";
import { useText } from "../../../lib/text";
import { classes } from "../../../ui/classes";
import { broughtBy, doubledBy, isDone, type Ledger, missing, type Resume } from "../ledger";
import { texts } from "../texts";
import styles from "./Checked.module.css";

/** How many resumes are shown, the newest first. */
const shown = 3;

/** Whether a pane has every row of the log once, and what its last resumes have brought. */
export function Checked({ ledger }: { ledger: Ledger }) {
  const say = useText();
  const holes = missing(ledger);
  const last = ledger.beyond.at(-1) ?? ledger.cursor;
  const counts = { last, missing: holes.length, doubled: ledger.doubled.length };
  return (
    <div className={styles.check}>
      <ul className={styles.list} aria-label={say(texts.check)}>
        <Verdict state={holes.length + ledger.doubled.length > 0 ? "bad" : "good"}>
          {last === ledger.from ? say(texts.checkNone) : say(texts.checkAll, counts)}
        </Verdict>
      </ul>
      <div role="status">
        {ledger.resumes.length > 0 && (
          <ul className={styles.list} aria-label={say(texts.resumes)}>
            {ledger.resumes
              .map((one, n) => (
                // biome-ignore lint/suspicious/noArrayIndexKey: they have an order and nothing else
                <Verdict key={n} state={stateOf(one)}>
                  <ResumeText resume={one} />
                </Verdict>
              ))
              .slice(-shown)
              .reverse()}
          </ul>
        )}
      </div>
    </div>
  );
}

function stateOf(one: Resume): "good" | "bad" | "waiting" {
  if (doubledBy(one) > 0) return "bad";
  return isDone(one) ? "good" : "waiting";
}

function ResumeText({ resume }: { resume: Resume }) {
  const say = useText();
  const { why, after, upTo } = resume;
  const brought = broughtBy(resume);
  const values = {
    why,
    after,
    upTo: upTo ?? 0,
    came: brought.length,
    missing: upTo === null ? 0 : upTo - after - brought.length,
    doubled: doubledBy(resume),
  };
  if (upTo === null) return say(texts.resuming, values);
  return say(upTo === after ? texts.resumedNone : texts.resumed, values);
}

function Verdict({ state, children }: { state: "good" | "bad" | "waiting"; children: ReactNode }) {
  const icons = { good: <CircleCheck />, bad: <CircleX />, waiting: <Loader /> };
  return (
    <li className={classes(styles.verdict, styles[state])}>
      <span aria-hidden="true" className={styles.icon}>
        {icons[state]}
      </span>
      <span>{children}</span>
    </li>
  );
}
