import { X } from "lucide-react";
import { Button } from "./Button";
import { classes } from "./classes";
import { IconButton } from "./IconButton";
import styles from "./Toasts.module.css";
import { useToasts } from "./toasts";

/** Shows the toasts, and reads them out when there is time. */
export function Toasts({ closeLabel }: { closeLabel: string }) {
  const { all, forget } = useToasts();
  return (
    <div className={styles.place} role="status">
      {all.map(({ id, text, bad, action }) => (
        <div key={id} className={classes(styles.toast, bad && styles.bad)}>
          <p className={styles.text}>{text}</p>
          {action && (
            <Button
              look="quiet"
              onClick={() => {
                forget(id);
                action.run();
              }}
            >
              {action.text}
            </Button>
          )}
          <IconButton label={closeLabel} isKnown onClick={() => forget(id)}>
            <X />
          </IconButton>
        </div>
      ))}
    </div>
  );
}
