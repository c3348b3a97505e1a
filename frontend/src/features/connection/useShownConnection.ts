import { useEffect, useState } from "react";
import { useConnection } from "../../api/Api";

/** How long a connection may be away before people are told, in ms: most losses are over by then. */
const grace = 1_200;

export interface ShownConnection {
  status: "connecting" | "connected" | "waiting" | "offline";
  /** Until the next attempt, in whole seconds. */
  seconds: number;
  /** There are too many connections of this person. */
  isCrowded: boolean;
}

/** The connection as it is shown: a loss that is over at once is none. */
export function useShownConnection(): ShownConnection {
  const { status, until, isCrowded = false } = useConnection();
  const [isLost, setLost] = useState(false);
  const [now, setNow] = useState(Date.now);
  const isConnected = status === "connected";
  useEffect(() => {
    if (isConnected) return setLost(false);
    const timer = setTimeout(() => setLost(true), grace);
    return () => clearTimeout(timer);
  }, [isConnected]);
  useEffect(() => {
    if (until === undefined) return;
    setNow(Date.now());
    const timer = setInterval(() => setNow(Date.now()), 250);
    return () => clearInterval(timer);
  }, [until]);
  const seconds = until === undefined ? 0 : Math.max(1, Math.ceil((until - now) / 1000));
  return { status: isConnected || !isLost ? "connected" : status, seconds, isCrowded };
}
