const start = "chat.page.";

/** The lock that pages hold which the script of this path has started: while it is held, they are open. The path is the version's. */
export const ofPage = (script: string) => `${start}${script}`;

export const isOfPage = (lock: string) => lock.startsWith(start);
