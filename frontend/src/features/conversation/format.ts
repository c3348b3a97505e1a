import type { Say } from "../../lib/text";
import { daysBetween } from "../../lib/when";
import { texts } from "./texts";

/** How moments are written in a conversation. */
export interface Format {
  time(moment: string): string;
  exactly(moment: string): string;
  short(moment: string): string;
  day(moment: string): string;
}

/**
 * Writes moments as the reader's machine does. One is made for a whole conversation: a formatter costs more than a row, to make
 * and to clean up.
 */
export function createFormat(say: Say, today: Date, locale?: string): Format {
  const time = new Intl.DateTimeFormat(locale, { hour: "2-digit", minute: "2-digit" });
  const exactly = new Intl.DateTimeFormat(locale, { dateStyle: "full", timeStyle: "medium" });
  const short = new Intl.DateTimeFormat(locale, { dateStyle: "medium", timeStyle: "short" });
  const day = new Intl.DateTimeFormat(locale, { weekday: "long", day: "numeric", month: "long" });
  const dayOfYear = new Intl.DateTimeFormat(locale, { dateStyle: "full" });
  return {
    time: (moment) => time.format(new Date(moment)),
    exactly: (moment) => exactly.format(new Date(moment)),
    short: (moment) => short.format(new Date(moment)),
    day(moment) {
      const date = new Date(moment);
      const ago = daysBetween(date, today);
      if (ago === 0) return say(texts.today);
      if (ago === 1) return say(texts.yesterday);
      return (date.getFullYear() === today.getFullYear() ? day : dayOfYear).format(date);
    },
  };
}
