import { useState } from "react";
import type { Log } from "../../lib/log";
import { firstUnread } from "../../lib/timeline";

/**
 * The seq of the message above which the line "new messages" stands; null where there is none. It stands above what was unread
 * at opening, and later above what came while nobody looked. While what follows it is unread it stays where it is.
 */
export function useUnreadLine(log: Log, reading: number, userId: string, seen: number, attended: boolean) {
  const [line, setLine] = useState(() => beginning(log, userId, seen));
  const [known, setKnown] = useState({ log, reading });
  if (known.log !== log) {
    setKnown({ log, reading });
    const isUnread = line !== null && line > seen;
    if (known.reading !== reading) setLine(beginning(log, userId, seen));
    else if (!attended && !isUnread) setLine(firstUnread(log.messages, userId, seen) ?? line);
  }
  return { line, clear: () => setLine(null) };
}

/** Where more is unread than is loaded, nobody knows where the line would be. */
function beginning(log: Log, userId: string, seen: number): number | null {
  return log.floor <= seen + 1 ? firstUnread(log.messages, userId, seen) : null;
}
