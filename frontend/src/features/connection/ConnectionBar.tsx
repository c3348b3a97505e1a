import { CloudOff, WifiOff } from "lucide-react";
import { useApi, useInstallation, useSelection } from "../../api/Api";
import { useText } from "../../lib/text";
import { Spinner } from "../../ui/Spinner";
import styles from "./ConnectionBar.module.css";
import { texts } from "./texts";
import { useShownConnection } from "./useShownConnection";

/** Says across the page that there is no connection, when there will be another try, and what can be done. */
export function ConnectionBar() {
  const say = useText();
  const { live } = useApi();
  const { status, seconds, isCrowded } = useShownConnection();
  const other = useOtherReceiver();
  const isShown = status !== "connected";
  return (
    <div role="status" className={isShown ? styles.bar : undefined}>
      {isShown && (
        <>
          {status === "connecting" && <Spinner />}
          {status === "waiting" && <CloudOff aria-hidden="true" />}
          {status === "offline" && <WifiOff aria-hidden="true" />}
          <span>
            {status === "connecting" && say(texts.connecting)}
            {status === "offline" && say(texts.offline)}
            {status === "waiting" && say(isCrowded ? texts.crowded : texts.lost)}{" "}
            {/* Who listens is told once that it is tried again, not every second. */}
            {status === "waiting" && <span aria-hidden="true">{say(texts.nextTry, { seconds })}</span>}
          </span>
          {status !== "connecting" && (
            <button type="button" className={styles.action} onClick={live.retryNow}>
              {say(texts.tryNow)}
            </button>
          )}
          {status === "waiting" && other && (
            <button type="button" className={styles.action} onClick={other.use}>
              {say(texts.use, { name: other.name })}
            </button>
          )}
        </>
      )}
    </div>
  );
}

/** Another receiver than the one in use, where that one was chosen; else we change over by ourselves. */
function useOtherReceiver(): { name: string; use: () => void } | undefined {
  const { instances } = useInstallation();
  const { at, chosen } = useSelection();
  const list = instances.list("receiver");
  const next = list[(at.receiver + 1) % list.length];
  if (!chosen.receiver || !next || list.length < 2) return undefined;
  return { name: next.name, use: () => instances.choose("receiver", next.name) };
}
