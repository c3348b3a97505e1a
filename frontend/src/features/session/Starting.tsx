import { Unplug, WifiOff } from "lucide-react";
import { useText } from "../../lib/text";
import { Empty } from "../../ui/Empty";
import { Spinner } from "../../ui/Spinner";
import styles from "./Starting.module.css";
import { texts } from "./texts";
import { useOnline } from "./useOnline";

/** Before it is known who is here. `isLate`: the server was asked, and did not answer. */
export function Starting({ isLate }: { isLate: boolean }) {
  const say = useText();
  const isOnline = useOnline();
  return (
    <main className={styles.page}>
      {isLate ? (
        <Empty
          icon={isOnline ? <Unplug /> : <WifiOff />}
          title={say(isOnline ? texts.unreachableTitle : texts.offlineTitle)}
          level={1}
        >
          {say(isOnline ? texts.unreachableText : texts.offlineText)}
        </Empty>
      ) : (
        <p className={styles.wait}>
          <Spinner /> {say(texts.reaching)}
        </p>
      )}
    </main>
  );
}
