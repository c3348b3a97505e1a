import { create } from "zustand";

/** Which of the dialogs that begin a chat is open. Several places open them. */
export const useStartDialog = create<{
  dialog: "message" | "group" | null;
  open(dialog: "message" | "group" | null): void;
}>((set) => ({
  dialog: null,
  open: (dialog) => set({ dialog }),
}));
