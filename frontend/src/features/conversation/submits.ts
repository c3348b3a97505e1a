import type { KeyboardEvent } from "react";

/** What an input method ends a word with is not meant for us. Safari says so by the old key code alone. */
const composing = 229;

/** Whether a key means "send": Enter without Shift, outside of an input method, and not on the keyboard of a screen. */
export function submits(event: KeyboardEvent): boolean {
  if (event.key !== "Enter" || event.shiftKey || event.altKey) return false;
  if (event.nativeEvent.isComposing || event.keyCode === composing) return false;
  return event.ctrlKey || event.metaKey || !hasScreenKeyboard();
}

/** On a touch screen Enter breaks the line: there is no Shift to hold, and a button to send. */
function hasScreenKeyboard(): boolean {
  return matchMedia("(hover: none) and (pointer: coarse)").matches;
}
