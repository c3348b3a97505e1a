import { useEffect, useRef, useState } from "react";
import { Receipts } from "./receipts";
import type { Shape, Source } from "./source";

/** The receipts of a conversation, for as long as it is shown. */
export function useReceipts(source: Source, { participants }: Shape): Receipts {
  const [receipts] = useState(() => new Receipts(source));
  const members = participants.map(({ id }) => id).join();
  const known = useRef(members);
  useEffect(() => {
    receipts.start();
    return () => receipts.stop();
  }, [receipts]);
  useEffect(() => {
    if (known.current !== members) receipts.membersChanged();
    known.current = members;
  }, [receipts, members]);
  return receipts;
}
