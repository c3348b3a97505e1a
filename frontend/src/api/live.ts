import { addTypenameToDocument, print } from "@apollo/client/utilities";
import type { TypedDocumentNode } from "@graphql-typed-document-node/core";
import { type Client, createClient } from "graphql-ws";
import { createStore, type StoreApi } from "zustand/vanilla";
import { backoff } from "../lib/backoff";
import type { Instance } from "./config";
import { type AnswerError, type Failure, failureOfAnswer } from "./failure";
import type { Instances } from "./instances";
import type { Credentials, Identified } from "./session/session";

/**
 * How the connection to a receiver is. `count` is how often it was made anew: whoever follows something by a cursor goes on
 * from there, whoever does not reads anew when it grows. waiting: it is tried again at `until`; offline: the machine says
 * that it has no network, and it is tried again none the less.
 */
export interface Connection {
  status: "connecting" | "connected" | "waiting" | "offline";
  count: number;
  until?: number;
  /** The last attempt was refused because the person has as many connections as one may have. */
  isCrowded?: boolean;
}

/** What a subscriber does with what comes. */
export interface Subscriber<Data> {
  /** `seq` is the place in the chat's log, where the subscription has one (extensions.seq). */
  next(data: Data, seq: number | undefined): void;
  /** The server has ended the subscription: access is gone, a limit is reached, or RESYNC_REQUIRED. It is not tried again. */
  failed?(failure: Failure): void;
  /** The server has ended the subscription without an error. */
  ended?(): void;
}

/** Subscriptions over one WebSocket that is made anew for ever. */
export interface Live {
  connection: StoreApi<Connection>;
  /**
   * Subscribes until the returned function is called, over all connections. `variables` may be a function: it is asked at
   * each connection, so that a subscription goes on from its last seq.
   */
  subscribe<Data, Variables>(
    document: TypedDocumentNode<Data, Variables>,
    variables: Variables | (() => Variables),
    subscriber: Subscriber<Data>,
  ): () => void;
  /** Tries at once instead of waiting. */
  retryNow(): void;
  /** Loses the connection and stays away for so long (ms), unless it is tried before: for pages that show what comes then. */
  drop(ms: number): void;
  close(): void;
}

/** Close code for credentials that are bad or have ended; others may be accepted. Source: docs/ARCHITECTURE.md. */
const forbidden = 4403;

/** How a connection is closed that is one too many. Source: docs/ARCHITECTURE.md. */
const tooMany = { code: 1013, reason: "Too many connections" };

/** An idle connection is asked this often whether it is still there, and given so long to say so, in ms. */
const keepAlive = 15_000;
const pongWait = 5_000;

/** The connection to the receiver in use, as the person of that session. */
export function createLive(instances: Instances, session: Identified): Live {
  const connection = createStore<Connection>(() => ({ status: "connecting", count: 0 }));
  const waiting = new Wait();
  let used: Credentials = {};
  let refused: Credentials | undefined;
  let socket: WebSocket | undefined;
  let unanswered: ReturnType<typeof setTimeout> | undefined;
  let attempt = 0;
  let awayUntil = 0;
  let tried: Instance | undefined;
  let closed = false;

  const show = (next: Partial<Connection>) =>
    connection.setState(({ until: _, ...was }) => ({ ...was, ...next }), true);

  /** Waits before the next attempt; all who wait do so together. */
  async function pause() {
    const ms = Math.max(backoff(attempt++), awayUntil - Date.now());
    show({ status: navigator.onLine ? "waiting" : "offline", until: Date.now() + ms });
    await waiting.upTo(ms);
    show({ status: "connecting" });
  }

  /** The instance that was being connected to did not let us in. */
  function giveUp() {
    if (tried) instances.failed("receiver", tried);
    tried = undefined;
  }

  function askIfThere() {
    if (unanswered || socket?.readyState !== WebSocket.OPEN) return;
    unanswered = setTimeout(() => client.terminate(), pongWait);
  }

  const client: Client = createClient({
    url: () => {
      tried = instances.current("receiver");
      return tried.socket;
    },
    connectionParams: async () => {
      if (refused) await session.refused(refused);
      refused = undefined;
      used = await session.credentials();
      return used;
    },
    connectionAckWaitTimeout: 10_000,
    keepAlive,
    retryAttempts: Number.POSITIVE_INFINITY,
    shouldRetry: () => !closed,
    retryWait: pause,
    on: {
      opened: (opened) => {
        socket = opened as WebSocket;
      },
      connected: () => {
        tried = undefined;
        attempt = 0;
        connection.setState(({ count }) => ({ status: "connected", count: count + 1 }), true);
      },
      ping: (received) => {
        if (!received) askIfThere();
      },
      message: () => {
        clearTimeout(unanswered);
        unanswered = undefined;
      },
      closed: (event) => {
        clearTimeout(unanswered);
        unanswered = undefined;
        const { code, reason } = event as { code?: number; reason?: string };
        show({ isCrowded: code === tooMany.code && reason === tooMany.reason });
        if (code === forbidden) refused = used;
        else giveUp();
        if (!closed && connection.getState().status === "connected") show({ status: "connecting" });
      },
      error: () => {
        if (socket?.readyState !== WebSocket.OPEN) giveUp();
      },
    },
  });

  const again = () => {
    waiting.end();
    if (socket?.readyState !== WebSocket.OPEN) return;
    askIfThere();
    socket.send(JSON.stringify({ type: "ping" }));
  };
  const seen = () => document.visibilityState === "visible" && again();
  const lost = () => {
    if (connection.getState().status === "waiting") show({ ...connection.getState(), status: "offline" });
    else again(); // a connection may outlive the news that there is none
  };
  window.addEventListener("online", again);
  window.addEventListener("offline", lost);
  document.addEventListener("visibilitychange", seen);
  let receiver = instances.current("receiver");
  const unfollow = instances.state.subscribe(() => {
    if (instances.current("receiver") === receiver) return;
    receiver = instances.current("receiver");
    if (connection.getState().status === "connected") client.terminate();
    waiting.end();
  });

  return {
    connection,
    subscribe(document, variables, subscriber) {
      let active = true;
      let leave = () => {};
      const payload = {
        query: print(addTypenameToDocument(document)), // the cache knows objects by the names of their types
        // graphql-ws sends the same payload at each connection, and reads it when it does.
        get variables() {
          return (typeof variables === "function" ? (variables as () => unknown)() : variables) as Record<
            string,
            unknown
          >;
        },
      };
      const start = () => {
        if (!active || closed) return;
        leave = client.subscribe<Record<string, unknown>>(payload, {
          next: (value) => {
            if (!active) return;
            if (!value.data) return subscriber.failed?.(failureOfAnswer(value.errors ?? []));
            const { seq } = (value.extensions ?? {}) as { seq?: unknown };
            subscriber.next(value.data as never, typeof seq === "number" ? seq : undefined);
          },
          error: (error) => {
            if (!active) return;
            if (Array.isArray(error)) subscriber.failed?.(failureOfAnswer(error as AnswerError[]));
            else void pause().then(start); // the library gives up at some close codes; we do not
          },
          complete: () => {
            if (active && !closed) subscriber.ended?.();
          },
        });
      };
      start();
      return () => {
        active = false;
        leave();
      };
    },
    retryNow: again,
    drop(ms) {
      awayUntil = Date.now() + ms;
      client.terminate();
    },
    close() {
      closed = true;
      unfollow();
      window.removeEventListener("online", again);
      window.removeEventListener("offline", lost);
      document.removeEventListener("visibilitychange", seen);
      waiting.end();
      clearTimeout(unanswered);
      Promise.resolve(client.dispose()).catch(() => undefined); // it waits for a connection that may fail
    },
  };
}

/** A wait that several share and anybody can end. */
class Wait {
  private ends: Promise<void> | undefined;
  private finish = () => {};

  /** Waits that long, or as long as the wait that is under way. */
  upTo(ms: number): Promise<void> {
    this.ends ??= new Promise((resolve) => {
      const timer = setTimeout(() => this.end(), ms);
      this.finish = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    return this.ends;
  }

  end() {
    this.ends = undefined;
    this.finish();
  }
}
