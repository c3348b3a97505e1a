import { AlertDialog } from "radix-ui";
import { Button } from "./Button";
import { classes } from "./classes";
import styles from "./Dialog.module.css";
import { useFocusOrigin } from "./useFocusOrigin";

interface Props {
  open: boolean;
  onOpenChange: (open: boolean) => void;
  title: string;
  text: string;
  /** What is done, and what is not. */
  yes: string;
  no: string;
  onYes: () => void;
}

/** Asks before something that cannot be taken back. */
export function Confirm({ open, onOpenChange, title, text, yes, no, onYes }: Props) {
  const giveBack = useFocusOrigin(open);
  return (
    <AlertDialog.Root open={open} onOpenChange={onOpenChange}>
      <AlertDialog.Portal>
        <AlertDialog.Overlay className={styles.veil} />
        <AlertDialog.Content className={styles.dialog} onCloseAutoFocus={giveBack}>
          <header className={styles.header}>
            <AlertDialog.Title className={styles.title}>{title}</AlertDialog.Title>
          </header>
          <AlertDialog.Description className={classes(styles.description, styles.question)}>
            {text}
          </AlertDialog.Description>
          <footer className={styles.footer}>
            <AlertDialog.Cancel asChild>
              <Button>{no}</Button>
            </AlertDialog.Cancel>
            <AlertDialog.Action asChild>
              <Button look="danger" onClick={onYes}>
                {yes}
              </Button>
            </AlertDialog.Action>
          </footer>
        </AlertDialog.Content>
      </AlertDialog.Portal>
    </AlertDialog.Root>
  );
}
