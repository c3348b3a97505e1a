import type { Board, Notice, Tabs } from "./notifier";

/** What a click has to know. It comes back through the worker. */
interface Data {
  path: string;
  messageId: string;
}

/** The notifications of the system, as the worker shows them. Without a worker there are none. */
export function systemBoard(userId: string): Board {
  const tag = (chatId: string) => `${userId}.${chatId}`;
  const worker = () => navigator.serviceWorker.getRegistration();
  const shown = async (chatId: string) => (await (await worker())?.getNotifications({ tag: tag(chatId) })) ?? [];
  return {
    async show({ chatId, messageId, title, body }: Notice) {
      const options = {
        body,
        tag: tag(chatId),
        renotify: true, // the newest takes the place of the one before, and is heard
        icon: "/icon-192.png",
        dir: "auto",
        data: { path: `/c/${chatId}`, messageId } satisfies Data,
      } as const;
      await (await worker())?.showNotification(title, options);
    },
    async shows(chatId, messageId) {
      return (await shown(chatId)).some((one) => (one.data as Data).messageId === messageId);
    },
    async withdraw(chatId, messageId) {
      for (const one of await shown(chatId)) {
        if (messageId === undefined || (one.data as Data).messageId === messageId) one.close();
      }
    },
    async clear() {
      const all = (await (await worker())?.getNotifications()) ?? [];
      for (const one of all) if (one.tag.startsWith(tag(""))) one.close();
    },
  };
}

/**
 * The tabs of one person, by locks: the first of them has one, and each that is in sight another. The browser takes them from
 * a tab that is gone, however that went. `becomeFirst` runs when this one is the first.
 */
export function lockTabs(userId: string, becomeFirst: () => void): Tabs & { stop(): void } {
  const [first, seen] = [`chat.notifier.${userId}`, `chat.seen.${userId}`];
  const ended = new AbortController();
  let isFirst = false;
  let isAsking = false;
  let hide: (() => void) | undefined;
  const hold = (name: string, mode: LockMode, held: (release: () => void) => void) =>
    navigator.locks.request(name, { mode, signal: ended.signal }, () => new Promise<void>(held)).catch(() => undefined); // it was stopped while it waited

  let release = () => {};
  void hold(first, "exclusive", (let_go) => {
    isFirst = true;
    release = let_go;
    becomeFirst();
  });
  const isHeld = async (lock: string) => ((await navigator.locks.query()).held ?? []).some(({ name }) => name === lock);
  function look() {
    if (document.visibilityState === "visible") {
      if (hide || isAsking) return;
      isAsking = true;
      void hold(seen, "shared", (let_go) => {
        isAsking = false;
        hide = let_go;
        look(); // it may be out of sight by now
      });
    } else {
      hide?.();
      hide = undefined;
    }
  }
  look();
  document.addEventListener("visibilitychange", look);
  return {
    // While the lock goes from one tab to the next, all that are left are: what they show has the same tag, and is seen once.
    isFirst: async () => isFirst || !(await isHeld(first)),
    isAnySeen: async () => document.visibilityState === "visible" || (await isHeld(seen)),
    stop() {
      document.removeEventListener("visibilitychange", look);
      isFirst = false;
      ended.abort();
      release();
      hide?.();
    },
  };
}
