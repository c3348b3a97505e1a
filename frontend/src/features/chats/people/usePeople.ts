import { useQuery } from "@apollo/client/react";
import { useEffect, useState } from "react";
import { useUserId } from "../../../api/Api";
import type { Person } from "../../../api/chats/people";
import { type Failure, failureOf } from "../../../api/failure";
import { SearchPeopleDocument } from "../../../api/gql/graphql";

const shown = 50;
const pause = 150;

interface Found {
  people: readonly Person[];
  isLoading: boolean;
  /** The people are those of an earlier text: this one's are still being looked for. */
  isEarlier: boolean;
  failure?: Failure;
}

/** People whose name begins like the text, without oneself and those who were removed; an empty text finds the first. */
export function usePeople(text: string, { skip = false, limit = shown } = {}): Found {
  const userId = useUserId();
  const wanted = text.trim();
  const search = useSettled(wanted, pause);
  const { data, previousData, loading, error } = useQuery(SearchPeopleDocument, {
    variables: { search, limit },
    skip,
    fetchPolicy: "cache-and-network",
  });
  const users = (data ?? previousData)?.users ?? [];
  return {
    people: skip ? [] : users.filter(({ id, isActive }) => isActive && id !== userId),
    isLoading: loading && users.length === 0,
    isEarlier: !data || search !== wanted,
    failure: error && failureOf(error),
  };
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
