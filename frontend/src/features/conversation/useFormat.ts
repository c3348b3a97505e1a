import { useMemo } from "react";
import { useText } from "../../lib/text";
import { texts } from "./texts";

/** How moments are written in a conversation: as the reader's machine writes them. */
export function useFormat() {
  const say = useText();
  return useMemo(() => {
    // They are kept: making one costs more than a row.
    const time = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
    const exactly = new Intl.DateTimeFormat(undefined, { dateStyle: "full", timeStyle: "medium" });
    const short = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });
    const day = new Intl.DateTimeFormat(undefined, { weekday: "long", day: "numeric", month: "long" });
    const dayOfYear = new Intl.DateTimeFormat(undefined, { dateStyle: "full" });
    return {
      time: (moment: string) => time.format(new Date(moment)),
      exactly: (moment: string) => exactly.format(new Date(moment)),
      short: (moment: string) => short.format(new Date(moment)),
      day: (moment: string, now = new Date()) => {
        const date = new Date(moment);
        const ago = midnights(date, now);
        if (ago === 0) return say(texts.today);
        if (ago === 1) return say(texts.yesterday);
        return (date.getFullYear() === now.getFullYear() ? day : dayOfYear).format(date);
      },
    };
  }, [say]);
}

/** How many midnights lie between two moments, here. */
function midnights(from: Date, to: Date): number {
  const start = (date: Date) => new Date(date.getFullYear(), date.getMonth(), date.getDate()).getTime();
  return Math.round((start(to) - start(from)) / 86_400_000);
}
