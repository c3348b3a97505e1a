import { useState } from "react";
import type { Person } from "../../../api/chats/people";

/** Several people who are chosen one after the other. */
export function useChosen() {
  const [chosen, setChosen] = useState<ReadonlyMap<string, Person>>(new Map());
  const choose = (people: readonly Person[], isChosen: boolean) =>
    setChosen((was) => {
      const next = new Map(was);
      for (const person of people) {
        if (isChosen) next.set(person.id, person);
        else next.delete(person.id);
      }
      return next;
    });
  return { chosen, choose };
}
