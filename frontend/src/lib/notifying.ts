import { create } from "zustand";
import { memory } from "./storage";

const kept = memory(() => localStorage);

interface Notifying {
  /** What somebody has chosen in this browser; null: nothing yet. */
  chosen: "on" | "off" | null;
  /** What the browser lets us do. unable: it has none of it, or not in the clear. */
  permission: NotificationPermission | "unable";
  /** Asks the browser too, which answers only to somebody's own click or key. */
  choose(chosen: "on" | "off"): Promise<void>;
}

/** Whether this browser notifies. */
export const useNotifying = create<Notifying>((set) => {
  follow((permission) => set({ permission }));
  return {
    chosen: read(kept.get("notifications")),
    permission: isAble() ? Notification.permission : "unable",
    async choose(chosen) {
      kept.set("notifications", chosen);
      set({ chosen });
      if (chosen === "on" && isAble()) set({ permission: await Notification.requestPermission() });
    },
  };
});

export function isNotifying({ chosen, permission }: Notifying): boolean {
  return chosen === "on" && permission === "granted";
}

/** They are shown through the worker, so that a click finds its chat also when the page has gone. */
function isAble(): boolean {
  return "Notification" in window && "serviceWorker" in navigator && "locks" in navigator;
}

/** Somebody may change it in the browser's own settings. */
function follow(changed: (permission: NotificationPermission) => void) {
  if (!isAble()) return;
  navigator.permissions
    ?.query({ name: "notifications" })
    .then((status) => status.addEventListener("change", () => changed(Notification.permission)))
    .catch(() => undefined);
}

function read(text: string | null): "on" | "off" | null {
  return text === "on" || text === "off" ? text : null;
}
