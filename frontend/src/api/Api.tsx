import type { ApolloClient } from "@apollo/client";
import { createContext, type ReactNode, useContext, useEffect } from "react";
import { useStore } from "zustand";
import type { ChatCache } from "./chats/cache";
import type { ChatsFollower } from "./chats/follow";
import type { Muted } from "./chats/muted";
import type { Config } from "./config";
import type { Instances, Selection } from "./instances";
import type { Connection, Live } from "./live";
import type { AccountSession } from "./session/accounts";
import type { OpenSession } from "./session/open";
import type { SessionState } from "./session/session";

/** The session, by how people come in. */
export type AnySession = ({ kind: "accounts" } & AccountSession) | ({ kind: "open" } & OpenSession);

/** What there is before anybody is signed in. */
export interface Installation {
  config: Config;
  instances: Instances;
  session: AnySession;
}

/** What a signed-in person's pages work with. It is made anew for each person. */
export interface Api {
  userId: string;
  live: Live;
  client: ApolloClient;
  /** The person's chats in the client's cache. Whoever writes a message tells it (`putMessage`): nobody else does. */
  chats: ChatCache;
  follower: ChatsFollower;
  muted: Muted;
}

const InstallationContext = createContext<Installation | null>(null);
const ApiContext = createContext<Api | null>(null);

export function InstallationProvider({ value, children }: { value: Installation; children: ReactNode }) {
  return <InstallationContext value={value}>{children}</InstallationContext>;
}

export function ApiProvider({ value, children }: { value: Api; children: ReactNode }) {
  return <ApiContext value={value}>{children}</ApiContext>;
}

export function useInstallation(): Installation {
  const found = useContext(InstallationContext);
  if (!found) throw new Error("there is no InstallationProvider above");
  return found;
}

export function useSession(): SessionState {
  return useStore(useInstallation().session.state);
}

export function useSelection(): Selection {
  return useStore(useInstallation().instances.state);
}

/** What a signed-in page works with; live, client, and who is signed in. */
export function useApi(): Api {
  const found = useContext(ApiContext);
  if (!found) throw new Error("nobody is signed in here");
  return found;
}

/** The id of who is signed in. */
export function useUserId(): string {
  return useApi().userId;
}

/** The ids of the chats that are muted in this browser. */
export function useMuted(): ReadonlySet<string> {
  return useStore(useApi().muted.state);
}

/** How the connection is, for those who show it or read anew when it was made anew (`count`). */
export function useConnection(): Connection {
  return useStore(useApi().live.connection);
}

/** Runs at the first connection and at each one after a loss, with how often it was made. */
export function useOnConnected(run: (count: number) => void) {
  const { live } = useApi();
  const { count } = useStore(live.connection);
  // biome-ignore lint/correctness/useExhaustiveDependencies: it runs for each connection, not for each render
  useEffect(() => {
    if (count > 0) run(count);
  }, [count]);
}
