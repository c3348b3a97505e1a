import { useCallback, useEffect, useRef } from "react";
import type { Feed } from "./feed";
import { ReadMarker } from "./readMarker";
import type { Source } from "./source";

/** Tells the server what was seen in a chat that is open. */
export function useReadMarker(source: Source, feed: Feed): (seq: number) => void {
  const marker = useRef<ReadMarker>(null);
  useEffect(() => {
    const made = new ReadMarker(
      feed.snapshot().readSeq,
      (upToSeq) => source.markRead(feed.chatId, upToSeq),
      (upToSeq) => feed.read(upToSeq),
    );
    marker.current = made;
    const unlisten = source.onConnected(() => made.wake());
    return () => {
      unlisten();
      made.stop();
    };
  }, [source, feed]);
  return useCallback((seq) => marker.current?.seen(seq), []);
}
