import { useState } from "react";
import { useLab } from "./LabContext";
import type { Who } from "./people";
import { type Choice, choiceOf } from "./seat";

/** Who sits at a pane, and at which instances. */
export interface Place extends Choice {
  who: Who;
}

export type Places = readonly [Place, Place];

/** Two places, on instances of their own where there are several. */
export function usePlaces(first: Who, second: Who) {
  const { config } = useLab();
  const [places, setPlaces] = useState<Places>(() => [
    { who: first, ...choiceOf(config, 0) },
    { who: second, ...choiceOf(config, 1) },
  ]);
  const change = (n: 0 | 1, next: Partial<Place>) =>
    setPlaces(([one, two]) => (n === 0 ? [{ ...one, ...next }, two] : [one, { ...two, ...next }]));
  return { places, change };
}
