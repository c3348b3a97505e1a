import { MessagesSquare, SearchX, Unplug } from "lucide-react";
import { type KeyboardEvent, useRef, useState } from "react";
import { Virtualizer } from "virtua";
import { useUserId } from "../../../api/Api";
import { otherOf } from "../../../api/chats/people";
import { useText } from "../../../lib/text";
import { Button } from "../../../ui/Button";
import { Empty } from "../../../ui/Empty";
import { usePeople } from "../people/usePeople";
import { StartButtons } from "../start/StartButtons";
import { texts } from "../texts";
import styles from "./ChatList.module.css";
import { ChatRow } from "./ChatRow";
import { Loading } from "./Loading";
import { PersonRow } from "./PersonRow";
import { SearchField } from "./SearchField";
import { matching, useChats } from "./useChats";
import { useSteps } from "./useSteps";

const peopleFound = 8;

/** The list of chats, with a search above it that finds people too. Arrows move through both, Enter opens. */
export function ChatList({ openId }: { openId: string | undefined }) {
  const say = useText();
  const userId = useUserId();
  const { status, chats, refresh } = useChats();
  const [search, setSearch] = useState("");
  const wanted = search.trim();
  const found = matching(chats, wanted, userId);
  const known = new Set(found.map((chat) => otherOf(chat, userId)?.id));
  const { people, isEarlier, failure } = usePeople(wanted, { skip: !wanted, limit: peopleFound });
  const others = people.filter(({ id }) => !known.has(id));
  const list = useRef<HTMLDivElement>(null);
  const rows = () => [...(list.current?.querySelectorAll<HTMLElement>("[data-row]") ?? [])];

  useSteps(chats, openId);

  function onSearchKey(event: KeyboardEvent) {
    if (event.key === "ArrowDown") {
      event.preventDefault();
      rows()[0]?.focus();
    }
    if (event.key === "Enter" && !event.nativeEvent.isComposing) {
      const [first] = rows();
      if (!first) return; // it may be found yet
      (event.target as HTMLElement).blur(); // what is opened takes the focus
      first.click();
      setSearch("");
    }
    if (event.key === "Escape") setSearch("");
  }

  function onListKey(event: KeyboardEvent<HTMLDivElement>) {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const all = rows();
    const at = all.indexOf(document.activeElement as HTMLElement);
    if (at + step < 0) document.getElementById("search")?.focus();
    else all[at + step]?.focus();
  }

  const isEmpty = found.length + others.length === 0;
  return (
    <nav className={styles.nav} aria-label={say(texts.chats)}>
      <SearchField value={search} onChange={setSearch} onKeyDown={onSearchKey} />
      {/* biome-ignore lint/a11y/noStaticElementInteractions: the arrows move between the links in it */}
      <div className={styles.list} ref={list} onKeyDown={onListKey}>
        {status === "loading" && <Loading />}
        {status === "failed" && (
          <Empty
            icon={<Unplug />}
            title={say(texts.failedTitle)}
            action={<Button onClick={refresh}>{say(texts.tryAgain)}</Button>}
          >
            {say(texts.failedText)}
          </Empty>
        )}
        {status === "ready" && isEmpty && !wanted && (
          <Empty icon={<MessagesSquare />} title={say(texts.none)} action={<StartButtons />}>
            {say(texts.noneText)}
          </Empty>
        )}
        {status === "ready" && isEmpty && wanted && (failure || !isEarlier) && (
          <Empty icon={<SearchX />} title={say(texts.noMatch, { text: wanted })}>
            {say(texts.noMatchText)}
          </Empty>
        )}
        <Virtualizer as="ul" item="li" scrollRef={list} bufferSize={400}>
          {found.map((chat) => (
            <ChatRow key={chat.id} chat={chat} isOpen={chat.id === openId} />
          ))}
        </Virtualizer>
        {others.length > 0 && (
          <section aria-labelledby="people">
            <h2 className={styles.heading} id="people">
              {say(texts.people)}
            </h2>
            <ul>
              {others.map((person) => (
                <li key={person.id}>
                  <PersonRow person={person} onOpened={() => setSearch("")} />
                </li>
              ))}
            </ul>
          </section>
        )}
      </div>
    </nav>
  );
}
