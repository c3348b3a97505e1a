import { createStore, type StoreApi } from "zustand/vanilla";
import type { Memory } from "../../lib/storage";

/** The chats that one person does not want to hear of, in this browser. */
export interface Muted {
  state: StoreApi<ReadonlySet<string>>;
  set(chatId: string, isMuted: boolean): void;
  stop(): void;
}

export function createMuted(memory: Memory, userId: string): Muted {
  const key = `muted.${userId}`;
  const state = createStore<ReadonlySet<string>>(() => read(memory.get(key)));
  const heard = () => state.setState(read(memory.get(key)), true); // another tab has changed it
  window.addEventListener("storage", heard);
  return {
    state,
    set(chatId, isMuted) {
      const next = new Set(read(memory.get(key)));
      if (isMuted) next.add(chatId);
      else next.delete(chatId);
      memory.set(key, next.size > 0 ? JSON.stringify([...next]) : null);
      state.setState(next, true);
    },
    stop: () => window.removeEventListener("storage", heard),
  };
}

function read(text: string | null): Set<string> {
  try {
    const ids: unknown = JSON.parse(text ?? "[]");
    return new Set(Array.isArray(ids) ? ids.filter((id) => typeof id === "string") : []);
  } catch {
    return new Set();
  }
}
