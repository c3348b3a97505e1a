import { UserRoundMinus } from "lucide-react";
import { useUserId } from "../../../api/Api";
import type { Chat } from "../../../api/chats/cache";
import { type Person, personName } from "../../../api/chats/people";
import { useText } from "../../../lib/text";
import { Avatar } from "../../../ui/Avatar";
import { Handle } from "../../../ui/Handle";
import { IconButton } from "../../../ui/IconButton";
import { texts } from "../texts";
import styles from "./MemberList.module.css";

interface Props {
  chat: Chat;
  mayRemove: boolean;
  onRemove: (person: Person) => void;
}

/** The members of a group: oneself first, then by name. */
export function MemberList({ chat, mayRemove, onRemove }: Props) {
  const say = useText();
  const userId = useUserId();
  const members = [...chat.participants].sort(
    (a, b) => Number(b.id === userId) - Number(a.id === userId) || personName(a).localeCompare(personName(b)),
  );
  return (
    <ul aria-label={say(texts.members)}>
      {members.map((person) => (
        <li key={person.id} className={styles.member}>
          <Avatar id={person.id} name={personName(person)} size="small" />
          <span className={styles.text}>
            <span className={styles.name}>
              {person.id === userId ? say(texts.memberYou, { name: personName(person) }) : personName(person)}
            </span>
            <span className={styles.quiet}>
              {person.id === chat.createdBy ? say(texts.creator) : <Handle name={person.username} />}
            </span>
          </span>
          {mayRemove && person.id !== userId && (
            <IconButton label={say(texts.remove, { name: personName(person) })} onClick={() => onRemove(person)}>
              <UserRoundMinus />
            </IconButton>
          )}
        </li>
      ))}
    </ul>
  );
}
