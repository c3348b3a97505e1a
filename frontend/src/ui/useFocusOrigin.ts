import { useRef } from "react";

/**
 * Gives the focus back when a window closes, to where it was when that opened; to the button of a menu if it was in a menu,
 * which is gone then too. The windows' own way knows only a button of their own.
 */
export function useFocusOrigin(open: boolean, prevent?: (event: Event) => void) {
  const origin = useRef<HTMLElement | null>(null);
  const was = useRef(false);
  if (open && !was.current) origin.current = find(); // before anything of the window is there, or the menu is gone
  was.current = open;
  return (event: Event) => {
    prevent?.(event);
    if (event.defaultPrevented) return;
    event.preventDefault();
    origin.current?.focus();
  };
}

function find(): HTMLElement | null {
  const focused = document.activeElement as HTMLElement | null;
  const menu = focused?.closest("[role='menu']");
  return menu ? document.getElementById(menu.getAttribute("aria-labelledby") ?? "") : focused;
}
