import { create } from "zustand";
import { memory } from "./storage";

/** What the pages can be in. mirrored: English, laid out and counted as in a language that is written from right to left: for tests. */
export type Language = "en" | "de" | "mirrored";

/** The languages that can be chosen, as they call themselves. */
export const languages = { en: "English", de: "Deutsch" };

const kept = memory(() => localStorage);

/** The language that was chosen, in this browser; null: the browser's. */
export const useLanguage = create<{ chosen: Language | null; choose(language: Language | null): void }>((set) => ({
  chosen: read(kept.get("language")),
  choose(chosen) {
    kept.set("language", chosen);
    set({ chosen });
  },
}));

function read(text: string | null): Language | null {
  return text === "en" || text === "de" || text === "mirrored" ? text : null;
}

/**
 * The language to show, and the locale for dates and numbers: of the language, in the region that the browser names, of all
 * that somebody prefers (BCP 47, the best first). English where none of those is known.
 */
export function shownLanguage(chosen: Language | null, preferred: readonly string[]) {
  if (chosen === "mirrored") return { language: chosen, locale: "ar", direction: "rtl" } as const;
  const known = preferred.find((tag) => baseOf(tag) in languages);
  const language = chosen ?? (known ? (baseOf(known) as Language) : "en");
  const locale = preferred.find((tag) => baseOf(tag) === language) ?? language;
  return { language, locale, direction: "ltr" } as const;
}

function baseOf(tag: string): string {
  return tag.split("-")[0]?.toLowerCase() ?? "";
}
