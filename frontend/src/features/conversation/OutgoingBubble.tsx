import { CircleAlert, Clock } from "lucide-react";
import { Failure } from "../../api/failure";
import { failureText } from "../../api/failureText";
import { useText } from "../../lib/text";
import { Button } from "../../ui/Button";
import { classes } from "../../ui/classes";
import { useActions } from "./actions";
import styles from "./Bubble.module.css";
import { MessageText } from "./MessageText";
import type { Outgoing } from "./outbox";
import { texts } from "./texts";

/** A message that is on its way, or that was refused. It looks like the stored one that will take its place. */
export function OutgoingBubble({ entry }: { entry: Outgoing }) {
  const say = useText();
  const { format } = useActions();
  const state = say(entry.state === "sending" ? texts.sending : texts.queued);
  return (
    <>
      <div className={classes(styles.line, styles.mine)}>
        <div className={classes(styles.bubble, styles.own, entry.state === "failed" && styles.failed)} dir="auto">
          <MessageText
            text={entry.content}
            room={
              <span className={classes(styles.room, styles.ticked)} aria-hidden="true">
                {format.time(entry.createdAt)}
              </span>
            }
          />
          <span className={styles.meta}>
            <time dateTime={entry.createdAt} title={format.exactly(entry.createdAt)}>
              {format.time(entry.createdAt)}
            </time>
            {entry.state !== "failed" && (
              <span role="img" aria-label={state} title={state} className={styles.state}>
                <Clock aria-hidden="true" />
              </span>
            )}
          </span>
        </div>
        <span className={styles.actions} />
      </div>
      {entry.state === "failed" && <Refused entry={entry} />}
    </>
  );
}

function Refused({ entry }: { entry: Outgoing }) {
  const say = useText();
  const { retry, discard } = useActions();
  const { code = "", ...details } = entry.refusal ?? {};
  const why = failureText(new Failure(code, code, details), say);
  return (
    <div className={styles.refused} role="alert">
      <CircleAlert aria-hidden="true" />
      <span>{say(texts.failed, { why })}</span>
      <span className={styles.choices}>
        <Button look="quiet" className={styles.small} onClick={() => retry(entry.key)}>
          {say(texts.again)}
        </Button>
        <Button look="quiet" className={styles.small} onClick={() => discard(entry.key)}>
          {say(texts.discard)}
        </Button>
      </span>
    </div>
  );
}
