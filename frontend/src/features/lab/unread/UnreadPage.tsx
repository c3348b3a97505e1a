import { useText } from "../../../lib/text";
import { Button } from "../../../ui/Button";
import { Notice } from "../../../ui/Notice";
import styles from "../Bench.module.css";
import { useLab } from "../LabContext";
import { LabPage } from "../LabPage";
import { Start } from "../Start";
import { texts } from "../texts";
import { useBench } from "../useBench";
import { useTries } from "../useTries";
import { UnreadPane } from "./UnreadPane";
import { openWatch, type Watch } from "./watch";

/** Unread indicators on two panes: of two people, or of one on two devices. */
export function UnreadPage() {
  const say = useText();
  const { config, people } = useLab();
  const names = [say(texts.firstChat), say(texts.secondChat)];
  const bench = useBench(["ada", "ada"], (places) => openWatch(config, people, places, names));
  const { bench: watch, places, choose, end } = bench;
  return (
    <LabPage
      title={say(texts.unread)}
      about={say(texts.unreadAbout)}
      action={watch && <Button onClick={end}>{say(texts.end)}</Button>}
    >
      {!watch && <Start bench={bench} />}
      {watch && (
        <>
          <Writer watch={watch} />
          <div className={styles.panes}>
            {([0, 1] as const).map((n) => (
              <UnreadPane
                key={n}
                n={n}
                chats={watch.chats}
                watcher={watch.panes[n]}
                place={places[n]}
                onInstance={(role, name) => choose(n, role, name)}
              />
            ))}
          </div>
        </>
      )}
    </LabPage>
  );
}

/** Somebody who sits at neither pane, and writes. */
function Writer({ watch: { writer, chats } }: { watch: Watch }) {
  const say = useText();
  const { attempt, error } = useTries();
  const { name } = writer.seat.person;
  return (
    <section className={styles.pane} aria-label={say(texts.writer, { name })}>
      <div className={styles.actions}>
        <h2>{say(texts.writer, { name })}</h2>
        {chats.map((chat) => (
          <Button
            key={chat.id}
            look="primary"
            onClick={() => attempt(() => writer.write(chat.id, say(texts.example, { n: 1 })))}
          >
            {say(texts.writeIn, { name: chat.name })}
          </Button>
        ))}
      </div>
      <p className={styles.quiet}>{say(texts.writerAbout)}</p>
      {error && <Notice look="bad">{error}</Notice>}
    </section>
  );
}
