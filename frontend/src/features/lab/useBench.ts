import { useEffect, useRef, useState } from "react";
import type { Role } from "../../api/roles.gen";
import type { Who } from "./people";
import type { Seat } from "./seat";
import { usePageEnd } from "./usePageEnd";
import { type Places, usePlaces } from "./usePlaces";

/** What a page of two panes works with while it runs. */
export interface Bench {
  seats: readonly [Seat, Seat];
  close(): void;
}

type Phase<B> =
  | { phase: "idle" }
  | { phase: "starting" }
  | { phase: "running"; bench: B }
  | { phase: "failed"; error: unknown };

/**
 * A page of two panes: who and where is chosen, then it is started, and ends with the page. Instances can be changed while it
 * runs.
 */
export function useBench<B extends Bench>([first, second]: [Who, Who], open: (places: Places) => Promise<B>) {
  const { places, change } = usePlaces(first, second);
  const [state, setState] = useState<Phase<B>>({ phase: "idle" });
  const running = useRef<B>(undefined);
  const era = useRef(0);
  const bench = state.phase === "running" ? state.bench : undefined;

  function close() {
    era.current++;
    running.current?.close();
    running.current = undefined;
  }
  // biome-ignore lint/correctness/useExhaustiveDependencies: at the end of the page alone
  useEffect(() => close, []);
  usePageEnd(close);

  async function start() {
    const mine = ++era.current;
    setState({ phase: "starting" });
    try {
      const opened = await open(places);
      if (mine !== era.current) return opened.close();
      running.current = opened;
      setState({ phase: "running", bench: opened });
    } catch (error) {
      if (mine === era.current) setState({ phase: "failed", error });
    }
  }

  return {
    places,
    bench,
    isStarting: state.phase === "starting",
    error: state.phase === "failed" ? state.error : undefined,
    start,
    end() {
      close();
      setState({ phase: "idle" });
    },
    sit: (n: 0 | 1, who: Who) => change(n, { who }),
    choose(n: 0 | 1, role: Role, name: string) {
      bench?.seats[n].instances.choose(role, name);
      change(n, { [role]: name });
    },
  };
}
