import type { StoreApi } from "zustand/vanilla";

/**
 * Who is here. starting: it is being found out, since `retryAt` not yet with success; out: nobody; in: somebody;
 * ended: somebody was, and has to sign in again.
 */
export type SessionState =
  | { status: "starting"; retryAt?: number }
  | { status: "out" }
  | { status: "in"; userId: string }
  | { status: "ended"; userId: string };

/** What goes with a request, as headers over HTTP and as the payload of connection_init alike. */
export type Credentials = Record<string, string>;

/** What says who calls. */
export interface Identified {
  /** Errors: Failure, UNAUTHENTICATED where nobody is signed in. */
  credentials(): Promise<Credentials>;
  /**
   * Tells that credentials were refused. True: ask for others and try again; false: the session has ended, and the state
   * says so. Errors: Failure, when it could not be found out.
   */
  refused(credentials: Credentials): Promise<boolean>;
}

/** The session of this page. Its credentials are those of whoever is in. */
export interface Session extends Identified {
  state: StoreApi<SessionState>;
  /** The same for what belongs to one person: it gets no credentials (UNAUTHENTICATED) while somebody else is in. */
  of(userId: string): Identified;
  /** Finds out whether somebody was here before the page was loaded. */
  start(): Promise<void>;
  /** Errors: Failure; the session goes on then. */
  signOut(): Promise<void>;
  stop(): void;
}
