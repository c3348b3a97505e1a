import { create } from "zustand";
import { memory } from "../lib/storage";

export type Theme = "system" | "light" | "dark";

const kept = memory(() => localStorage);

/** The colours that were chosen, in this browser. public/theme.js puts them on before the first paint. */
export const useTheme = create<{ theme: Theme; choose(theme: Theme): void }>((set) => ({
  theme: tint(read(kept.get("theme"))),
  choose(theme) {
    tint(theme);
    kept.set("theme", theme === "system" ? null : theme);
    if (theme === "system") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = theme;
    set({ theme });
  },
}));

function read(text: string | null): Theme {
  return text === "light" || text === "dark" ? text : "system";
}

/** Gives the window around the page, where the system colours it, the colours of the page. */
function tint(theme: Theme): Theme {
  for (const meta of document.querySelectorAll<HTMLMetaElement>('meta[name="theme-color"]')) {
    const own = meta.dataset.theme;
    meta.media = theme === "system" ? `(prefers-color-scheme: ${own})` : own === theme ? "all" : "not all";
  }
  return theme;
}
