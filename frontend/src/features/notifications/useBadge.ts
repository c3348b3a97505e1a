import { useEffect } from "react";

/** The window's name, and the picture of the installed app, say how much is unread. */
export function useBadge(unread: number) {
  useEffect(() => {
    document.title = unread > 0 ? `(${unread > 99 ? "99+" : unread}) chat` : "chat";
    navigator.setAppBadge?.(unread).catch(() => undefined); // 0 takes it away
  }, [unread]);
  useEffect(
    () => () => {
      document.title = "chat"; // of who has signed out
      navigator.clearAppBadge?.().catch(() => undefined);
    },
    [],
  );
}
