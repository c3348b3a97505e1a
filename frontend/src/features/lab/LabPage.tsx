import { ArrowLeft } from "lucide-react";
import { type ReactNode, useEffect, useRef } from "react";
import { Link, useLocation } from "wouter";
import { useText } from "../../lib/text";
import { classes } from "../../ui/classes";
import { IconButton } from "../../ui/IconButton";
import styles from "./LabPage.module.css";
import { texts } from "./texts";

/** A test page: where one is, where else one can go, what this is for. */
export function LabPage({
  title,
  about,
  action,
  children,
}: {
  title: string;
  about: string;
  /** What ends it, while it runs. */
  action?: ReactNode;
  children: ReactNode;
}) {
  const say = useText();
  const [place, go] = useLocation();
  const heading = useFocusAt(action !== undefined);
  useEffect(() => {
    document.title = `${title} – chat`;
    return () => {
      document.title = "chat";
    };
  }, [title]);
  const places = [
    { to: "/lab/messaging", text: say(texts.messagingShort) },
    { to: "/lab/unread", text: say(texts.unreadShort) },
    { to: "/lab/run", text: say(texts.runShort) },
  ];
  return (
    <div className={styles.frame}>
      <header className={styles.bar}>
        <IconButton label={say(texts.back)} onClick={() => go("/")}>
          <ArrowLeft />
        </IconButton>
        <nav className={styles.places} aria-label={say(texts.pages)}>
          {places.map(({ to, text }) => (
            <Link
              key={to}
              href={to}
              className={classes(styles.place, place === to && styles.here)}
              aria-current={place === to ? "page" : undefined}
            >
              {text}
            </Link>
          ))}
        </nav>
      </header>
      <main className={styles.main}>
        <div className={styles.content}>
          <div className={styles.intro}>
            <h1 ref={heading} tabIndex={-1} className={styles.title}>
              {title}
            </h1>
            {action}
            <p className={styles.about}>{about}</p>
          </div>
          {children}
        </div>
      </main>
    </div>
  );
}

/** What was pressed is gone when something begins or ends: then the focus is at the beginning of the page. */
function useFocusAt(isRunning: boolean) {
  const heading = useRef<HTMLHeadingElement>(null);
  const was = useRef(isRunning);
  useEffect(() => {
    if (was.current !== isRunning) heading.current?.focus();
    was.current = isRunning;
  }, [isRunning]);
  return heading;
}
