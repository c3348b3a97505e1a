import { Unplug } from "lucide-react";
import { useText } from "../../lib/text";
import { Empty } from "../../ui/Empty";
import { Spinner } from "../../ui/Spinner";
import styles from "./Starting.module.css";
import { texts } from "./texts";

/** Before it is known who is here. `isLate`: the server was asked, and did not answer. */
export function Starting({ isLate }: { isLate: boolean }) {
  const say = useText();
  return (
    <main className={styles.page}>
      {isLate ? (
        <Empty icon={<Unplug />} title={say(texts.unreachableTitle)} level={1}>
          {say(texts.unreachableText)}
        </Empty>
      ) : (
        <p className={styles.wait}>
          <Spinner /> {say(texts.reaching)}
        </p>
      )}
    </main>
  );
}
