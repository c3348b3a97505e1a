import { type FocusEvent, type KeyboardEvent, type RefObject, useEffect, useState } from "react";
import type { VirtualizerHandle } from "virtua";

/**
 * Arrow keys go from message to message, Home and End to the ends. One stop of the Tab key is the whole history; from a message
 * it goes on to what can be done with it. The message with the focus stays an element, also out of sight.
 */
export function useRoving(
  list: RefObject<VirtualizerHandle | null>,
  place: RefObject<HTMLElement | null>,
  count: number,
) {
  const [focused, setFocused] = useState<{ index: number; byKey: boolean } | null>(null);

  useEffect(() => {
    if (!focused?.byKey) return;
    list.current?.scrollToIndex(focused.index, { align: "nearest" });
    let frame = 0;
    const reach = () => {
      const row = place.current?.querySelector<HTMLElement>(`[data-index="${focused.index}"]`);
      row?.focus({ preventScroll: true });
      // One from far away is an element, and visible, only after it was measured.
      if (!row || document.activeElement !== row) frame = requestAnimationFrame(reach);
    };
    reach();
    return () => cancelAnimationFrame(frame);
  }, [focused, list, place]);

  function onKeyDown(event: KeyboardEvent) {
    if (event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return;
    const step = { ArrowUp: -1, ArrowDown: 1, Home: -count, End: count }[event.key];
    const target = event.target as HTMLElement;
    const onRow = target.matches("[data-index]");
    if (step === undefined || (!onRow && target !== place.current)) return;
    event.preventDefault();
    const from = onRow ? Number(target.dataset.index) : fromSight(list.current, count, step);
    setFocused({ index: Math.min(count - 1, Math.max(0, from + step)), byKey: true });
  }

  function onFocus(event: FocusEvent) {
    const row = (event.target as HTMLElement).closest<HTMLElement>("[data-index]");
    const index = Number(row?.dataset.index);
    if (row && focused?.index !== index) setFocused({ index, byKey: false });
  }

  function onBlur(event: FocusEvent) {
    if (!place.current?.contains(event.relatedTarget)) setFocused(null);
  }

  return { index: focused && focused.index < count ? focused.index : null, onKeyDown, onFocus, onBlur };
}

/** Where the arrow keys begin: at the end of what is in sight. */
function fromSight(view: VirtualizerHandle | null, count: number, step: number): number {
  if (!view) return count;
  return view.findItemIndex(view.scrollOffset + view.viewportSize - 1) + (step < 0 ? 1 : -1);
}
