import { useEffect, useRef } from "react";
import { create } from "zustand";
import { memory } from "../lib/storage";

const kept = memory(() => localStorage);

/**
 * Whether a key without Ctrl, Alt or Cmd is a command, in this browser. Who speaks to the machine, or hits keys by accident,
 * turns that off (WCAG 2.1.4).
 */
export const useSingleKeys = create<{ areOn: boolean; choose(areOn: boolean): void }>((set) => ({
  areOn: kept.get("singleKeys") !== "off",
  choose(areOn) {
    kept.set("singleKeys", areOn ? null : "off");
    set({ areOn });
  },
}));

/** Runs at a key that `isIt` knows, wherever the focus is, unless a window over the page has it. */
export function useCommand(isIt: (event: KeyboardEvent) => boolean, run: (event: KeyboardEvent) => void) {
  const latest = useRef({ isIt, run });
  latest.current = { isIt, run };
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.defaultPrevented || event.isComposing || !latest.current.isIt(event)) return;
      event.preventDefault(); // the browser has commands of its own
      if (!document.querySelector("[role='dialog'], [role='alertdialog']")) latest.current.run(event);
    };
    window.addEventListener("keydown", onKey);
    return () => window.removeEventListener("keydown", onKey);
  }, []);
}

/** A key together with Ctrl, or with Cmd. */
export function isCommand(event: KeyboardEvent, key: string): boolean {
  return (event.ctrlKey || event.metaKey) && !event.altKey && !event.shiftKey && event.key.toLowerCase() === key;
}

/** Whether what is typed goes into a text. */
export function isTyping({ target }: KeyboardEvent): boolean {
  return target instanceof HTMLElement && (target.isContentEditable || target.matches("input, textarea, select"));
}
