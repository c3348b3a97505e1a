import { useEffect, useRef } from "react";

/** Runs when the page is closed, loaded again or left for another, unless the browser keeps it to come back to. */
export function usePageEnd(run: () => void) {
  const latest = useRef(run);
  latest.current = run;
  useEffect(() => {
    const hidden = ({ persisted }: PageTransitionEvent) => {
      if (!persisted) latest.current();
    };
    window.addEventListener("pagehide", hidden);
    return () => window.removeEventListener("pagehide", hidden);
  }, []);
}
