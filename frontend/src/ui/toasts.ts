import { create } from "zustand";

/** A word about what has just happened. */
export interface Toast {
  id: number;
  text: string;
  bad?: boolean;
  action?: { text: string; run: () => void };
}

interface Toasts {
  all: Toast[];
  say(toast: Omit<Toast, "id">): void;
  forget(id: number): void;
}

const stay = 6_000;
const most = 3;

/** The words that are shown, for all pages. They go by themselves; one with something to do stays. */
export const useToasts = create<Toasts>((set, get) => {
  let last = 0;
  return {
    all: [],
    say(toast) {
      const id = ++last;
      set(({ all }) => ({ all: [...all, { ...toast, id }].slice(-most) }));
      if (!toast.action) setTimeout(() => get().forget(id), stay);
    },
    forget: (id) => set(({ all }) => ({ all: all.filter((one) => one.id !== id) })),
  };
});
