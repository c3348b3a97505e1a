import { useMemo, useSyncExternalStore } from "react";
import { startOfDay } from "./when";

/** The day that it is here, as its first moment. Whoever shows what depends on it is shown anew when another begins. */
export function useToday(): Date {
  const start = useSyncExternalStore(listen, now);
  return useMemo(() => new Date(start), [start]);
}

function now(): number {
  return startOfDay(new Date()).getTime();
}

/** A machine that sleeps over midnight is late: who comes back to the page looks again. */
function listen(changed: () => void): () => void {
  let timer: ReturnType<typeof setTimeout>;
  const wait = () => {
    const today = new Date();
    const tomorrow = new Date(today.getFullYear(), today.getMonth(), today.getDate() + 1);
    timer = setTimeout(look, tomorrow.getTime() - today.getTime());
  };
  const look = () => {
    clearTimeout(timer);
    changed();
    wait();
  };
  wait();
  window.addEventListener("focus", look);
  document.addEventListener("visibilitychange", look);
  return () => {
    clearTimeout(timer);
    window.removeEventListener("focus", look);
    document.removeEventListener("visibilitychange", look);
  };
}
