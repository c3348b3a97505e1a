import { Bell, BellOff, Check, LogOut, Pencil, Trash2, UserRoundPlus, X } from "lucide-react";
import { useState } from "react";
import { useLocation } from "wouter";
import { useApi, useMuted, useUserId } from "../../../api/Api";
import type { Chat } from "../../../api/chats/cache";
import { chatName, otherOf, type Person, personName } from "../../../api/chats/people";
import { useText } from "../../../lib/text";
import { Avatar } from "../../../ui/Avatar";
import { Button } from "../../../ui/Button";
import { Confirm } from "../../../ui/Confirm";
import { classes } from "../../../ui/classes";
import { Handle } from "../../../ui/Handle";
import { IconButton } from "../../../ui/IconButton";
import { texts } from "../texts";
import { AddPeople } from "./AddPeople";
import styles from "./Details.module.css";
import { MemberList } from "./MemberList";
import { Rename } from "./Rename";
import { useDetails } from "./useDetails";

type Asking = { kind: "add" } | { kind: "leave" } | { kind: "delete" } | { kind: "remove"; person: Person };

/** Who is in a chat and what it is for, and what can be changed about it. */
export function Details({ chat, onClose }: { chat: Chat; onClose: () => void }) {
  const say = useText();
  const userId = useUserId();
  const [, go] = useLocation();
  const { muted } = useApi();
  const isMuted = useMuted().has(chat.id);
  const details = useDetails(chat);
  const [isRenaming, setRenaming] = useState(false);
  const [asking, setAsking] = useState<Asking | null>(null);
  const isGroup = chat.chatType === "group";
  const other = otherOf(chat, userId);
  const name = chatName(chat, userId);
  const done = () => setAsking(null);

  return (
    <aside
      className={styles.panel}
      aria-label={say(texts.details)}
      onKeyDown={(event) => event.key === "Escape" && !asking && !isRenaming && onClose()}
    >
      <header className={styles.bar}>
        <h2>{say(texts.details)}</h2>
        <IconButton label={say(texts.close)} isKnown onClick={onClose}>
          <X />
        </IconButton>
      </header>
      <div className={styles.body}>
        {isRenaming ? (
          <Rename
            chat={chat}
            onSave={async (next, description) => {
              if (await details.rename(next, description)) setRenaming(false);
            }}
            onCancel={() => setRenaming(false)}
          />
        ) : (
          <section className={styles.head}>
            <Avatar id={other?.id ?? chat.id} name={name} group={isGroup} size="large" />
            <h3 className={styles.name}>{name}</h3>
            {other && (
              <p className={styles.quiet}>
                <Handle name={other.username} />
              </p>
            )}
            {other && !other.isActive && <p className={styles.quiet}>{say(texts.accountRemoved)}</p>}
            {chat.description && <p className={styles.description}>{chat.description}</p>}
            {isGroup && (
              <Button look="quiet" onClick={() => setRenaming(true)}>
                <Pencil size={16} aria-hidden="true" />
                {say(texts.edit)}
              </Button>
            )}
          </section>
        )}
        {isGroup && (
          <section>
            <header className={styles.heading}>
              <h3>{say(texts.memberCount, { count: chat.participants.length })}</h3>
              <Button look="quiet" onClick={() => setAsking({ kind: "add" })}>
                <UserRoundPlus size={16} aria-hidden="true" />
                {say(texts.addPeople)}
              </Button>
            </header>
            <MemberList
              chat={chat}
              mayRemove={details.mayRemove}
              onRemove={(person) => setAsking({ kind: "remove", person })}
            />
          </section>
        )}
        <section className={styles.end}>
          <button
            type="button"
            className={classes(styles.action, styles.calm)}
            aria-pressed={isMuted}
            onClick={() => muted.set(chat.id, !isMuted)}
          >
            {isMuted ? <BellOff aria-hidden="true" /> : <Bell aria-hidden="true" />}
            {say(texts.mute)}
            {isMuted && <Check className={styles.is} aria-hidden="true" />}
          </button>
          {isGroup && (
            <button type="button" className={styles.action} onClick={() => setAsking({ kind: "leave" })}>
              <LogOut aria-hidden="true" />
              {say(texts.leave)}
            </button>
          )}
          {details.mayDelete && (
            <button type="button" className={styles.action} onClick={() => setAsking({ kind: "delete" })}>
              <Trash2 aria-hidden="true" />
              {say(texts.deleteChat)}
            </button>
          )}
        </section>
      </div>
      {asking?.kind === "add" && <AddPeople chat={chat} onAdd={details.add} onClose={done} />}
      {asking?.kind === "remove" && (
        <Confirm
          open
          onOpenChange={done}
          title={say(texts.removeTitle, { name: personName(asking.person) })}
          text={say(texts.removeText)}
          yes={say(texts.removeYes)}
          no={say(texts.cancel)}
          onYes={() => details.remove(asking.person.id)}
        />
      )}
      {asking?.kind === "leave" && (
        <Confirm
          open
          onOpenChange={done}
          title={say(texts.leaveTitle, { name })}
          text={say(texts.leaveText)}
          yes={say(texts.leaveYes)}
          no={say(texts.cancel)}
          onYes={async () => {
            if (await details.leave()) go("/");
          }}
        />
      )}
      {asking?.kind === "delete" && (
        <Confirm
          open
          onOpenChange={done}
          title={say(texts.deleteTitle, { name })}
          text={say(texts.deleteText)}
          yes={say(texts.deleteYes)}
          no={say(texts.cancel)}
          onYes={async () => {
            if (await details.destroy()) go("/");
          }}
        />
      )}
    </aside>
  );
}
