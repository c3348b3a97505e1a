import { BellDot, ListChecks, MessagesSquare } from "lucide-react";
import { Link } from "wouter";
import { useText } from "../../lib/text";
import styles from "./LabIndex.module.css";
import { LabPage } from "./LabPage";
import { texts } from "./texts";

/** What test pages there are. */
export function LabIndex() {
  const say = useText();
  const pages = [
    { to: "/lab/messaging", icon: <MessagesSquare />, title: texts.messaging, about: texts.messagingAbout },
    { to: "/lab/unread", icon: <BellDot />, title: texts.unread, about: texts.unreadAbout },
    { to: "/lab/run", icon: <ListChecks />, title: texts.run, about: texts.runAbout },
  ];
  return (
    <LabPage title={say(texts.pages)} about={say(texts.pagesAbout)}>
      <ul className={styles.list}>
        {pages.map(({ to, icon, title, about }) => (
          <li key={to}>
            <Link href={to} className={styles.page}>
              <span className={styles.icon} aria-hidden="true">
                {icon}
              </span>
              <span className={styles.words}>
                <span className={styles.title}>{say(title)}</span>
                <span className={styles.about}>{say(about)}</span>
              </span>
            </Link>
          </li>
        ))}
      </ul>
    </LabPage>
  );
}
