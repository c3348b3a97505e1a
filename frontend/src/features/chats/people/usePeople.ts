import { useQuery } from "@apollo/client/react";
import { useEffect, useState } from "react";
import { useUserId } from "../../../api/Api";
import type { Person } from "../../../api/chats/people";
import { type Failure, failureOf } from "../../../api/failure";
import { SearchPeopleDocument } from "../../../api/gql/graphql";
import { beginningLike, namesOf } from "../names";

const shown = 50;
const pause = 150;

interface Found {
  people: readonly Person[];
  /** The people are those of an earlier text that match this one too: this one's are still being looked for. */
  isEarlier: boolean;
  failure?: Failure;
}

/** People whose name begins like the text, without oneself and those who were removed; an empty text finds the first. */
export function usePeople(text: string, { skip = false, limit = shown } = {}): Found {
  const userId = useUserId();
  const wanted = text.trim();
  const search = useSettled(wanted, pause);
  const { data, previousData, error } = useQuery(SearchPeopleDocument, {
    variables: { search, limit },
    skip,
    fetchPolicy: "cache-and-network",
  });
  const isEarlier = !data || search !== wanted;
  const isMatch = beginningLike(wanted);
  const users = (data ?? previousData)?.users ?? [];
  const people = users.filter((one) => one.isActive && one.id !== userId && (!isEarlier || isMatch(namesOf(one))));
  return { people: skip ? [] : people, isEarlier, failure: error && failureOf(error) };
}

/** The value, once it has stayed the same for that long. */
function useSettled<T>(value: T, ms: number): T {
  const [settled, setSettled] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(value), ms);
    return () => clearTimeout(timer);
  }, [value, ms]);
  return settled;
}
