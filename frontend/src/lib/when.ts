const day = 24 * 60 * 60 * 1000;

/** When something was, as short as a list needs it: a time today, a weekday this week, a date before. */
export function when(moment: string, now: Date, locale?: string): string {
  const at = new Date(moment);
  const days = daysBetween(at, now);
  if (days === 0) return at.toLocaleTimeString(locale, { hour: "2-digit", minute: "2-digit" });
  if (days === 1) return new Intl.RelativeTimeFormat(locale, { numeric: "auto" }).format(-1, "day");
  if (days > 1 && days < 7) return at.toLocaleDateString(locale, { weekday: "short" });
  if (at.getFullYear() === now.getFullYear()) return at.toLocaleDateString(locale, { day: "numeric", month: "short" });
  return at.toLocaleDateString(locale, { day: "numeric", month: "short", year: "numeric" });
}

/** A moment in full. */
export function exactly(moment: string, locale?: string): string {
  return new Date(moment).toLocaleString(locale, { dateStyle: "long", timeStyle: "short" });
}

/** How many midnights lie between two moments, here. */
export function daysBetween(from: Date, to: Date): number {
  return Math.round((startOfDay(to).getTime() - startOfDay(from).getTime()) / day);
}

/** The moment at which a day began, here. */
export function startOfDay(moment: Date): Date {
  return new Date(moment.getFullYear(), moment.getMonth(), moment.getDate());
}
