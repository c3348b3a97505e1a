const isApple = /Mac|iPhone|iPad/.test(navigator.platform);

/** A key with the one that makes it a command, as this machine's people know it. */
export const commandKeys = (key: string) => (isApple ? `⌘ ${key}` : `Ctrl ${key}`);

/** A key with the one beside the space bar. */
export const altKeys = (key: string) => (isApple ? `⌥ ${key}` : `Alt ${key}`);
