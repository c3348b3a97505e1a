import { altKeys, commandKeys } from "../../lib/keys";
import { useText } from "../../lib/text";
import { Dialog } from "../../ui/Dialog";
import { Keys } from "../../ui/Keys";
import { isCommand, isTyping, useCommand, useSingleKeys } from "../../ui/keyboard";
import styles from "./Shortcuts.module.css";
import { texts } from "./texts";

/** The list of keys that do something, at a key of its own. */
export function Shortcuts({ open, onOpenChange }: { open: boolean; onOpenChange: (open: boolean) => void }) {
  const say = useText();
  const { areOn } = useSingleKeys();
  const isSingle = (event: KeyboardEvent) =>
    areOn && event.key === "?" && !event.ctrlKey && !event.metaKey && !event.altKey && !isTyping(event);
  useCommand(
    (event) => isCommand(event, "/") || isSingle(event),
    () => onOpenChange(true),
  );
  const groups = [
    {
      title: texts.everywhere,
      keys: [
        { keys: [commandKeys("K")], what: texts.switch },
        { keys: [altKeys("↓")], what: texts.next },
        { keys: [altKeys("↑")], what: texts.previous },
        { keys: ["Esc"], what: texts.leave },
        { keys: [commandKeys("/")], what: texts.show },
        ...(areOn ? [{ keys: ["?"], what: texts.showSingle }] : []),
      ],
    },
    {
      title: texts.writing,
      keys: [
        { keys: ["Enter"], what: texts.send },
        { keys: ["Shift Enter"], what: texts.break },
        { keys: ["↑"], what: texts.editLast },
      ],
    },
    {
      title: texts.reading,
      keys: [
        { keys: ["↑", "↓"], what: texts.walk },
        { keys: ["Home", "End"], what: texts.ends },
        { keys: ["Tab"], what: texts.actions },
      ],
    },
  ];
  return (
    <Dialog open={open} onOpenChange={onOpenChange} title={say(texts.title)} closeLabel={say(texts.close)}>
      {groups.map(({ title, keys }) => (
        <section key={title.id}>
          <h3 className={styles.title}>{say(title)}</h3>
          <dl className={styles.list}>
            {keys.map((one) => (
              <div key={one.what.id} className={styles.line}>
                <dt>{say(one.what)}</dt>
                <dd className={styles.keys}>
                  {one.keys.map((key) => (
                    <Keys key={key} of={key} />
                  ))}
                </dd>
              </div>
            ))}
          </dl>
        </section>
      ))}
    </Dialog>
  );
}
