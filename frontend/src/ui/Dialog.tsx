import { X } from "lucide-react";
import { Dialog as Radix } from "radix-ui";
import type { ReactNode } from "react";
import styles from "./Dialog.module.css";
import { IconButton } from "./IconButton";
import { useFocusOrigin } from "./useFocusOrigin";

interface Props {
  open: boolean;
  onOpenChange: (open: boolean) => void;
  title: string;
  /** What it is about, in a sentence. */
  description?: string;
  closeLabel: string;
  children: ReactNode;
  /** Buttons at its end. */
  footer?: ReactNode;
  /** The focus goes back to where it was, unless this prevents it. */
  onCloseAutoFocus?: (event: Event) => void;
}

/** A window over the page. It keeps the focus, gives it back, and closes with Escape. */
export function Dialog(props: Props) {
  const { open, onOpenChange, title, description, closeLabel, children, footer, onCloseAutoFocus } = props;
  const giveBack = useFocusOrigin(open, onCloseAutoFocus);
  return (
    <Radix.Root open={open} onOpenChange={onOpenChange}>
      <Radix.Portal>
        <Radix.Overlay className={styles.veil} />
        <Radix.Content
          className={styles.dialog}
          onOpenAutoFocus={focusField}
          onCloseAutoFocus={giveBack}
          {...(description ? {} : { "aria-describedby": undefined })}
        >
          <header className={styles.header}>
            <Radix.Title className={styles.title}>{title}</Radix.Title>
            <Radix.Close asChild>
              <IconButton label={closeLabel} isKnown>
                <X />
              </IconButton>
            </Radix.Close>
          </header>
          {description && <Radix.Description className={styles.description}>{description}</Radix.Description>}
          <div className={styles.body}>{children}</div>
          {footer && <footer className={styles.footer}>{footer}</footer>}
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  );
}

/** Who opens a window with a field in it wants to write there. */
function focusField(event: Event) {
  const field = (event.target as HTMLElement).querySelector<HTMLElement>("input, textarea");
  if (!field) return;
  event.preventDefault();
  field.focus();
}
