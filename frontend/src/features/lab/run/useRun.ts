import { useEffect, useRef, useState } from "react";
import type { Role } from "../../../api/roles.gen";
import { useLab } from "../LabContext";
import { Timings } from "../latency/timings";
import { usePlaces } from "../usePlaces";
import { groups } from "./checks/all";
import { Run } from "./run";
import { openWorld, type World } from "./world";

/** The automated run: where it runs, and how it goes. */
export function useRun() {
  const { config, people } = useLab();
  const { places: sides, change } = usePlaces("ada", "ben");
  const [current, setCurrent] = useState(() => ({ run: new Run<World>(groups), timings: new Timings() }));
  const [phase, setPhase] = useState<"idle" | "starting" | "running">("idle");
  const [error, setError] = useState<unknown>();
  const running = useRef<Run<World>>(undefined);
  useEffect(() => () => running.current?.stop(), []);

  async function start() {
    const run = new Run<World>(groups);
    running.current = run;
    setError(undefined);
    setPhase("starting");
    try {
      const world = await openWorld(config, people, sides);
      setCurrent({ run, timings: world.timings });
      setPhase("running");
      await run.start(config, world);
      world.close();
    } catch (failure) {
      setError(failure);
    }
    setPhase("idle");
  }

  return {
    sides,
    choose: (n: 0 | 1, role: Role, name: string) => change(n, { [role]: name }),
    ...current,
    phase,
    error,
    start,
    stop: () => running.current?.stop(),
  };
}
