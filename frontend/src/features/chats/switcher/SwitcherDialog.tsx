import { type KeyboardEvent, useEffect, useId, useRef, useState } from "react";
import { useLocation } from "wouter";
import { useUserId } from "../../../api/Api";
import { chatName, otherOf, personName } from "../../../api/chats/people";
import { failureText } from "../../../api/failureText";
import { useText } from "../../../lib/text";
import { Avatar } from "../../../ui/Avatar";
import { Badge } from "../../../ui/Badge";
import { classes } from "../../../ui/classes";
import { Dialog } from "../../../ui/Dialog";
import { FindField } from "../../../ui/FindField";
import { Handle } from "../../../ui/Handle";
import { useToasts } from "../../../ui/toasts";
import { useStart } from "../start/useStart";
import { texts } from "../texts";
import styles from "./SwitcherDialog.module.css";
import { type Target, useTargets } from "./useTargets";

/** A field, and below it where one may go. The focus stays in the field; arrows choose, Enter goes. */
export function SwitcherDialog({ openId, onClose }: { openId: string | undefined; onClose: () => void }) {
  const say = useText();
  const id = useId();
  const [, go] = useLocation();
  const { direct } = useStart();
  const { say: toast } = useToasts();
  const [search, setSearch] = useState("");
  const { targets, isSure } = useTargets(search, openId);
  const [wanted, setWanted] = useState(0);
  const at = Math.min(wanted, targets.length - 1);
  const isGone = useRef(false);

  /** What is opened takes the focus; who stays where they are gets it back. */
  function choose(target: Target) {
    isGone.current = target.id !== openId;
    if (isGone.current) (document.activeElement as HTMLElement | null)?.blur();
    onClose();
    if (target.kind === "chat") return go(`/c/${target.id}`);
    direct(target.id).catch((error) => toast({ text: failureText(error, say), bad: true }));
  }

  function onKeyDown(event: KeyboardEvent) {
    const to = { ArrowDown: at + 1, ArrowUp: at - 1 }[event.key];
    if (to !== undefined) {
      event.preventDefault();
      if (targets.length > 0) setWanted((to + targets.length) % targets.length);
    }
    const target = targets[at];
    if (event.key === "Enter" && !event.nativeEvent.isComposing && target) {
      event.preventDefault();
      choose(target);
    }
  }

  return (
    <Dialog
      open
      onOpenChange={onClose}
      onCloseAutoFocus={(event) => isGone.current && event.preventDefault()}
      title={say(texts.switchTitle)}
      closeLabel={say(texts.close)}
    >
      <FindField
        role="combobox"
        enterKeyHint="go"
        label={say(texts.searchChats)}
        aria-autocomplete="list"
        aria-expanded={targets.length > 0}
        aria-controls={`${id}-list`}
        aria-activedescendant={targets[at] && `${id}-${at}`}
        value={search}
        onChange={(text) => {
          setSearch(text);
          setWanted(0);
        }}
        onKeyDown={onKeyDown}
      />
      <div className={styles.list} id={`${id}-list`} role="listbox" aria-label={say(texts.switchTitle)}>
        {targets.map((target, index) => (
          <Option
            key={target.id}
            id={`${id}-${index}`}
            target={target}
            isChosen={index === at}
            onChoose={() => choose(target)}
          />
        ))}
      </div>
      <p className={styles.nothing} role="status">
        {targets.length === 0 && isSure && say(texts.noMatch, { text: search.trim() })}
      </p>
    </Dialog>
  );
}

interface OptionProps {
  id: string;
  target: Target;
  isChosen: boolean;
  onChoose: () => void;
}

function Option({ id, target, isChosen, onChoose }: OptionProps) {
  const say = useText();
  const userId = useUserId();
  const element = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (isChosen) element.current?.scrollIntoView({ block: "nearest" });
  }, [isChosen]);
  const chat = target.kind === "chat" ? target.chat : undefined;
  const person = target.kind === "person" ? target.person : chat && otherOf(chat, userId);
  const name = chat ? chatName(chat, userId) : person ? personName(person) : "";
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: the field has the keys
    <div
      ref={element}
      id={id}
      className={classes(styles.option, isChosen && styles.chosen)}
      role="option"
      tabIndex={-1}
      aria-selected={isChosen}
      onClick={onChoose}
    >
      <Avatar id={person?.id ?? target.id} name={name} group={chat?.chatType === "group"} size="small" />
      <span className={styles.name}>{name}</span>
      <span className={styles.quiet}>
        {person ? <Handle name={person.username} /> : say(texts.memberCount, { count: chat?.participants.length ?? 0 })}
      </span>
      {chat && <Badge count={chat.unreadCount} label={say(texts.unread, { count: chat.unreadCount })} />}
    </div>
  );
}
