import type { Say } from "../../lib/text";
import { texts } from "./texts";

/** How moments are written in a conversation. */
export interface Format {
  time(moment: string): string;
  exactly(moment: string): string;
  short(moment: string): string;
  day(moment: string, now?: Date): string;
}

/**
 * Writes moments as the reader's machine does. One is made for a whole conversation: a formatter costs more than a row, to make
 * and to clean up.
 */
export function createFormat(say: Say, locale?: string): Format {
  const time = new Intl.DateTimeFormat(locale, { hour: "2-digit", minute: "2-digit" });
  const exactly = new Intl.DateTimeFormat(locale, { dateStyle: "full", timeStyle: "medium" });
  const short = new Intl.DateTimeFormat(locale, { dateStyle: "medium", timeStyle: "short" });
  const day = new Intl.DateTimeFormat(locale, { weekday: "long", day: "numeric", month: "long" });
  const dayOfYear = new Intl.DateTimeFormat(locale, { dateStyle: "full" });
  return {
    time: (moment) => time.format(new Date(moment)),
    exactly: (moment) => exactly.format(new Date(moment)),
    short: (moment) => short.format(new Date(moment)),
    day(moment, now = new Date()) {
      const date = new Date(moment);
      const ago = midnights(date, now);
      if (ago === 0) return say(texts.today);
      if (ago === 1) return say(texts.yesterday);
      return (date.getFullYear() === now.getFullYear() ? day : dayOfYear).format(date);
    },
  };
}

/** How many midnights lie between two moments, here. */
function midnights(from: Date, to: Date): number {
  const start = (date: Date) => new Date(date.getFullYear(), date.getMonth(), date.getDate()).getTime();
  return Math.round((start(to) - start(from)) / 86_400_000);
}
