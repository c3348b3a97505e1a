import { useEffect, useRef } from "react";

/**
 * Who comes back to the list finds the focus where they left it: at the chat that was open, or at what led to the settings.
 * `origin` selects that, as long as they are where it leads to.
 */
export function useFocusReturn(origin: string | undefined) {
  const before = useRef(origin);
  useEffect(() => {
    const left = before.current;
    before.current = origin;
    if (!left || origin || document.activeElement !== document.body) return;
    document.querySelector<HTMLElement>(left)?.focus();
  }, [origin]);
}
