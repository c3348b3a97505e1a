import { Check } from "lucide-react";
import { type KeyboardEvent, useRef, useState } from "react";
import { type Person, personName } from "../../../api/chats/people";
import { failureText } from "../../../api/failureText";
import { useText } from "../../../lib/text";
import { Avatar } from "../../../ui/Avatar";
import { Button } from "../../../ui/Button";
import { classes } from "../../../ui/classes";
import { FindField } from "../../../ui/FindField";
import { Handle } from "../../../ui/Handle";
import { Notice } from "../../../ui/Notice";
import { texts } from "../texts";
import styles from "./PeoplePicker.module.css";
import { usePeople } from "./usePeople";

interface Props {
  /** Who is chosen, by id; absent: choosing somebody is all there is. */
  chosen?: ReadonlyMap<string, Person>;
  /** Chooses somebody, or takes them back. */
  onChoose: (people: readonly Person[], isChosen: boolean) => void;
  /** Who is not to be found. */
  without?: readonly string[];
}

/** Finds people by name, to choose one or several. Arrows move, Enter or Space chooses. */
export function PeoplePicker({ chosen, onChoose, without = [] }: Props) {
  const say = useText();
  const [search, setSearch] = useState("");
  const found = usePeople(search);
  const people = found.people.filter(({ id }) => !without.includes(id));
  const list = useRef<HTMLUListElement>(null);
  const field = useRef<HTMLInputElement>(null);
  const allChosen = people.length > 0 && people.every(({ id }) => chosen?.has(id));

  function onKeyDown(event: KeyboardEvent) {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const rows = [...(list.current?.querySelectorAll<HTMLElement>("button") ?? [])];
    const to = rows.indexOf(document.activeElement as HTMLElement) + step;
    if (to < 0) field.current?.focus();
    else rows[to]?.focus();
  }

  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: the arrows move between the field and the buttons in it
    <div className={styles.picker} onKeyDown={onKeyDown}>
      <FindField ref={field} label={say(texts.findPeople)} value={search} onChange={setSearch} />
      {chosen && (
        <div className={styles.tools}>
          <span role="status">{say(texts.chosen, { count: chosen.size })}</span>
          <Button
            look="quiet"
            disabled={people.length === 0 || found.isEarlier}
            onClick={() => onChoose(people, !allChosen)}
          >
            {say(allChosen ? texts.selectNone : texts.selectAll)}
          </Button>
        </div>
      )}
      {found.failure && <Notice look="bad">{failureText(found.failure, say)}</Notice>}
      <ul className={styles.list} ref={list}>
        {people.map((person) => {
          const isChosen = chosen?.has(person.id) ?? false;
          return (
            <li key={person.id}>
              <button
                type="button"
                className={styles.person}
                aria-pressed={chosen ? isChosen : undefined}
                onClick={() => onChoose([person], !isChosen)}
              >
                <Avatar id={person.id} name={personName(person)} size="small" />
                <span className={styles.name}>{personName(person)}</span>
                <span className={styles.handle}>
                  <Handle name={person.username} />
                </span>
                {chosen && (
                  <span className={classes(styles.box, isChosen && styles.checked)} aria-hidden="true">
                    {isChosen && <Check />}
                  </span>
                )}
              </button>
            </li>
          );
        })}
      </ul>
      {!found.isEarlier && !found.failure && people.length === 0 && (
        <p className={styles.nobody} role="status">
          {say(texts.noPeople)}
        </p>
      )}
    </div>
  );
}
