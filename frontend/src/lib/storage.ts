/** Text that this browser keeps, under one prefix. Where it may keep nothing, everything is forgotten with the page. */
export interface Memory {
  get(key: string): string | null;
  /** null forgets. */
  set(key: string, value: string | null): void;
}

const prefix = "chat.";

/** A memory in localStorage or sessionStorage. Nothing secret goes into it: scripts can read it. */
export function memory(storage: () => Storage): Memory {
  const forgetful = new Map<string, string>();
  return {
    get(key) {
      try {
        return storage().getItem(prefix + key);
      } catch {
        return forgetful.get(key) ?? null;
      }
    },
    set(key, value) {
      try {
        if (value === null) storage().removeItem(prefix + key);
        else storage().setItem(prefix + key, value);
      } catch {
        if (value === null) forgetful.delete(key);
        else forgetful.set(key, value);
      }
    },
  };
}
