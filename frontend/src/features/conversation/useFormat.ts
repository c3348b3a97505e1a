import { useMemo } from "react";
import { useIntl } from "react-intl";
import { texts } from "./texts";

/** How moments are written in a conversation. The formatters are kept: making one costs more than a row. */
export function useFormat() {
  const intl = useIntl();
  return useMemo(() => {
    const dayOf = (date: Date) => new Date(date.getFullYear(), date.getMonth(), date.getDate()).getTime();
    const daysAgo = (date: Date) => Math.round((dayOf(new Date()) - dayOf(date)) / 86_400_000);
    return {
      time: (moment: string) => intl.formatTime(moment, { hour: "2-digit", minute: "2-digit" }),
      exactly: (moment: string) => intl.formatDate(moment, { dateStyle: "full", timeStyle: "medium" }),
      short: (moment: string) => intl.formatDate(moment, { dateStyle: "medium", timeStyle: "short" }),
      day: (moment: string) => {
        const date = new Date(moment);
        const ago = daysAgo(date);
        if (ago === 0) return intl.formatMessage(texts.today);
        if (ago === 1) return intl.formatMessage(texts.yesterday);
        const sameYear = date.getFullYear() === new Date().getFullYear();
        return intl.formatDate(date, {
          weekday: "long",
          day: "numeric",
          month: "long",
          year: sameYear ? undefined : "numeric",
        });
      },
    };
  }, [intl]);
}
