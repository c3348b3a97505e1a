import { useEffect, useRef } from "react";
import { useLocation } from "wouter";
import { useApi } from "../../api/Api";
import type { Preview } from "../../api/chats/cache";
import { chatName, personName } from "../../api/chats/people";
import { lineOf } from "../../lib/line";
import { isNotifying, useNotifying } from "../../lib/notifying";
import { useText } from "../../lib/text";
import { lockTabs, systemBoard } from "./browser";
import { Notifier } from "./notifier";
import { texts } from "./texts";

/** Notifies of new messages while nobody looks, and goes to the chat of a notification that is clicked. */
export function useNotifications() {
  const say = useText();
  const latest = useRef(say);
  latest.current = say;
  const { userId, chats, follower, muted } = useApi();
  const isAble = useNotifying(({ permission }) => permission !== "unable");
  useEffect(() => {
    if (!isAble) return;
    const noticeOf = async ({ id, chatId, sender, content }: Preview) => {
      const text = await lineOf(content);
      const chat = chats.chat(chatId);
      const name = sender ? personName(sender) : latest.current(texts.somebody);
      const isGroup = chat?.chatType === "group";
      return {
        chatId,
        messageId: id,
        title: isGroup ? chatName(chat, userId) : name,
        body: isGroup ? latest.current(texts.inGroup, { name, text }) : text,
      };
    };
    const tabs = lockTabs(userId, () => quietly(notifier.takeOver()));
    const wants = (chatId: string) => isNotifying(useNotifying.getState()) && !muted.state.getState().has(chatId);
    const notifier = new Notifier({ userId, wants, noticeOf, board: systemBoard(userId), tabs });
    const quietly = (work: Promise<void>) => void work.catch(() => undefined); // the browser has changed its mind
    const stop = follower.listen({
      message: (message) => quietly(notifier.message(message)),
      read: (chatId) => quietly(notifier.read(chatId)),
    });
    return () => {
      stop();
      quietly(notifier.leave().finally(tabs.stop)); // the next tab may have left as well by then, and tells nothing more
    };
  }, [isAble, userId, chats, follower, muted]);
  useClicks();
}

/** The worker names the place of what was clicked. */
function useClicks() {
  const [, go] = useLocation();
  useEffect(() => {
    const worker = navigator.serviceWorker;
    if (!worker) return; // in the clear there is none
    const heard = ({ data }: MessageEvent<{ kind?: string; path?: string }>) => {
      if (data.kind === "open" && data.path?.startsWith("/c/")) go(data.path);
    };
    worker.addEventListener("message", heard);
    worker.startMessages();
    return () => worker.removeEventListener("message", heard);
  }, [go]);
}
