import { useCallback, useEffect, useMemo, useRef, useState, useSyncExternalStore } from "react";
import { failureText } from "../../api/failureText";
import type { Log, Message } from "../../lib/log";
import { useLocale, useText } from "../../lib/text";
import { useToday } from "../../lib/today";
import { Confirm } from "../../ui/Confirm";
import { Notice } from "../../ui/Notice";
import { useToasts } from "../../ui/toasts";
import { Announcer } from "./Announcer";
import { type Actions, ActionsContext } from "./actions";
import { Composer } from "./Composer";
import styles from "./Conversation.module.css";
import { useConversations } from "./ConversationsProvider";
import type { Change } from "./drafts";
import type { Feed, FeedState } from "./feed";
import { createFormat } from "./format";
import { History, type HistoryHandle } from "./History";
import type { Shape } from "./source";
import { texts } from "./texts";
import { useCopy } from "./useCopy";
import { useReadMarker } from "./useReadMarker";
import { useReceipts } from "./useReceipts";

interface Props {
  feed: Feed;
  state: FeedState;
  log: Log;
  shape: Shape;
}

/** A chat that is open: its history, and below it what is written. */
export function OpenConversation({ feed, state, log, shape }: Props) {
  const say = useText();
  const locale = useLocale();
  const today = useToday();
  const { userId, source, outbox, drafts } = useConversations();
  const { chatId } = feed;
  const toast = useToasts((toasts) => toasts.say);
  const copy = useCopy();
  const outgoing = useSyncExternalStore(outbox.subscribe, () => outbox.of(chatId));
  const receipts = useReceipts(source, shape);
  const seen = useReadMarker(source, feed);
  const history = useRef<HistoryHandle>(null);
  const composer = useRef<HTMLTextAreaElement>(null);
  const [editing, setEditing] = useState(() => changedMessage(log, drafts.change(chatId)));
  /** What the editor that is open waits for. */
  const saving = useRef<Promise<Message>>(null);
  const [removing, setRemoving] = useState<Message | null>(null);

  const edit = useCallback(
    (message: Message | null) => {
      if (message !== null && saving.current !== null) return toast({ text: say(texts.stillSaving) });
      saving.current = null;
      setEditing(message);
      if (drafts.change(chatId)?.messageId !== message?.id) drafts.setChange(chatId, null);
      if (message === null) composer.current?.focus();
    },
    [drafts, chatId, toast, say],
  );

  const save = useCallback(
    async (message: Message, content: string) => {
      const answer = source.edit(message.id, content);
      saving.current = answer;
      try {
        feed.apply(await answer);
      } finally {
        if (saving.current === answer) saving.current = null;
      }
      const change = drafts.change(chatId);
      if (change?.messageId === message.id && change.text.trim() === content) drafts.setChange(chatId, null);
    },
    [source, feed, drafts, chatId],
  );

  const actions = useMemo(
    (): Actions => ({
      receipts,
      edit,
      draft(message) {
        const change = drafts.change(chatId);
        return change?.messageId === message.id ? change.text : message.content;
      },
      keep(message, text) {
        drafts.setChange(chatId, text === message.content ? null : { messageId: message.id, text });
      },
      remove: setRemoving,
      save,
      copy,
      retry: (key) => outbox.retry(key),
      discard: (key) => outbox.discard(key),
      person: (id) => feed.snapshot().people.get(id),
      format: createFormat(say, today, locale),
    }),
    [receipts, edit, save, drafts, chatId, feed, outbox, copy, say, today, locale],
  );

  async function remove(message: Message) {
    try {
      const tombstone = await source.remove(message.id);
      composer.current?.focus(); // the message's own button, which has the focus, goes with its text
      feed.apply(tombstone);
    } catch (error) {
      toast({ text: say(texts.notRemoved, { why: failureText(error, say) }), bad: true });
    }
  }

  const send = useCallback(
    (text: string) => {
      outbox.enqueue(chatId, text, feed.snapshot().log?.cursor ?? 0);
      history.current?.toEnd();
    },
    [outbox, chatId, feed],
  );

  const editLast = useCallback(() => {
    const last = feed.snapshot().log?.messages.findLast((one) => one.senderId === userId && !one.isDeleted);
    if (!last) return;
    history.current?.reveal(last.seq);
    edit(last);
  }, [feed, userId, edit]);

  const loadOlder = useCallback(() => void feed.loadOlder(), [feed]);
  useFocusOnOpening(composer);

  return (
    <ActionsContext value={actions}>
      <div className={styles.conversation}>
        <History
          ref={history}
          userId={userId}
          log={log}
          reading={state.reading}
          readSeq={state.readSeq}
          outgoing={outgoing}
          people={state.people}
          named={shape.chatType !== "direct"}
          older={state.older}
          editing={editing?.seq ?? null}
          onOlder={loadOlder}
          onSeen={seen}
          onSight={receipts.watch}
        />
        {shape.isActive ? (
          <Composer ref={composer} chatId={chatId} drafts={drafts} onSend={send} onEditLast={editLast} />
        ) : (
          <div className={styles.closed}>
            <Notice>{say(texts.closed)}</Notice>
          </div>
        )}
        <Announcer messages={log.messages} userId={userId} />
        <Confirm
          open={removing !== null}
          onOpenChange={(open) => !open && setRemoving(null)}
          title={say(texts.removeTitle)}
          text={say(texts.removeText)}
          yes={say(texts.remove)}
          no={say(texts.cancel)}
          onYes={() => removing && remove(removing)}
        />
      </div>
    </ActionsContext>
  );
}

/** The message that was open for changes when this page was left. */
function changedMessage(log: Log, change: Change | null): Message | null {
  return log.messages.find((one) => one.id === change?.messageId && !one.isDeleted) ?? null;
}

/** Who opens a chat may write at once, unless they write elsewhere already; nor is the keyboard of a screen brought up. */
function useFocusOnOpening(composer: React.RefObject<HTMLTextAreaElement | null>) {
  useEffect(() => {
    const isWriting = document.activeElement?.matches("input, textarea");
    if (!isWriting && matchMedia("(pointer: fine)").matches) composer.current?.focus({ preventScroll: true });
  }, [composer]);
}
