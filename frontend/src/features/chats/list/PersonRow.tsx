import { type Person, personName } from "../../../api/chats/people";
import { failureText } from "../../../api/failureText";
import { useText } from "../../../lib/text";
import { Avatar } from "../../../ui/Avatar";
import { Handle } from "../../../ui/Handle";
import { useToasts } from "../../../ui/toasts";
import { useStart } from "../start/useStart";
import styles from "./PersonRow.module.css";

/** Somebody to write to. */
export function PersonRow({ person, onOpened }: { person: Person; onOpened: () => void }) {
  const say = useText();
  const { direct } = useStart();
  const { say: toast } = useToasts();
  const open = async () => {
    try {
      await direct(person.id);
      onOpened();
    } catch (error) {
      toast({ text: failureText(error, say), bad: true });
    }
  };
  return (
    <button type="button" className={styles.row} onClick={open} data-row>
      <Avatar id={person.id} name={personName(person)} />
      <span className={styles.text}>
        <span className={styles.name}>{personName(person)}</span>
        <span className={styles.handle}>
          <Handle name={person.username} />
        </span>
      </span>
    </button>
  );
}
