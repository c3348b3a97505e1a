/** The keys that search, as this machine's people know them. */
export const searchKeys = /Mac|iPhone|iPad/.test(navigator.platform) ? "⌘ K" : "Ctrl K";
