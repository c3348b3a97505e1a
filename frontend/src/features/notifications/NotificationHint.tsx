import { Bell, X } from "lucide-react";
import { useNotifying } from "../../lib/notifying";
import { useText } from "../../lib/text";
import { Button } from "../../ui/Button";
import { IconButton } from "../../ui/IconButton";
import styles from "./NotificationHint.module.css";
import { texts } from "./texts";

/** Offers notifications once, below the list, to who has not chosen yet. It is in nobody's way. */
export function NotificationHint() {
  const say = useText();
  const { chosen, permission, choose } = useNotifying();
  if (chosen !== null || permission === "denied" || permission === "unable") return null;
  return (
    <section className={styles.hint} aria-label={say(texts.title)}>
      <Bell aria-hidden="true" />
      <p className={styles.text}>{say(texts.hint)}</p>
      <Button look="quiet" onClick={() => choose("on")}>
        {say(texts.turnOn)}
      </Button>
      <IconButton label={say(texts.notNow)} onClick={() => choose("off")}>
        <X />
      </IconButton>
    </section>
  );
}
