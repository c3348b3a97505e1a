import { Check, CheckCheck } from "lucide-react";
import { useRef, useState, useSyncExternalStore } from "react";
import { useText } from "../../lib/text";
import { classes } from "../../ui/classes";
import { useActions } from "./actions";
import { Readers } from "./Readers";
import styles from "./ReceiptMark.module.css";
import { texts } from "./texts";

/** How far an own message has come: stored, read by some, read by all. Pressing it tells by whom. */
export function ReceiptMark({ messageId, reachable }: { messageId: string; reachable: boolean }) {
  const say = useText();
  const { receipts } = useActions();
  const receipt = useSyncExternalStore(receipts.subscribe, () => receipts.of(messageId));
  const [open, setOpen] = useState(false);
  const button = useRef<HTMLButtonElement>(null);
  const known = receipts.details(messageId);
  const label =
    receipt === "stored"
      ? say(texts.stored)
      : receipt === "all"
        ? say(texts.readByAll)
        : say(texts.readBySome, { count: known?.readers.size ?? 0, total: known?.total ?? 0 });
  return (
    <>
      <button
        ref={button}
        type="button"
        className={classes(styles.mark, receipt === "all" && styles.all)}
        aria-label={label}
        aria-haspopup="dialog"
        aria-expanded={open}
        tabIndex={reachable || open ? 0 : -1}
        title={label}
        onClick={() => setOpen(true)}
      >
        {receipt === "stored" ? <Check aria-hidden="true" /> : <CheckCheck aria-hidden="true" />}
      </button>
      {open && <Readers messageId={messageId} anchor={button} onClose={() => setOpen(false)} />}
    </>
  );
}
