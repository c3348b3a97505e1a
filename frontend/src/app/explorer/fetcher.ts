import { createGraphiQLFetcher, type Fetcher } from "@graphiql/toolkit";
import { createClient } from "graphql-ws";
import type { Session } from "../../api/session/session";

type Headers = Record<string, string>;

/**
 * Sends what is typed, as whoever is signed in. Headers that were typed go with it, over HTTP as headers and on a WebSocket
 * with connection_init, and win: a token or `user-id` of somebody else.
 */
export function explorerFetcher(session: Session | undefined): Fetcher {
  const credentials = async (): Promise<Headers> =>
    session?.state.getState().status === "in" ? session.credentials() : {};

  /** As fetch; credentials that were refused are renewed once. */
  const send: typeof fetch = async (url, init) => {
    const mine = await credentials();
    const answer = await fetch(url, { ...init, headers: { ...mine, ...(init?.headers as Headers) } });
    if (answer.status !== 401 || !mine.authorization || !(await session?.refused(mine))) return answer;
    return fetch(url, { ...init, headers: { ...(await credentials()), ...(init?.headers as Headers) } });
  };

  const url = new URL("/graphql", location.href);
  const socket = new URL(url);
  socket.protocol = url.protocol.replace("http", "ws");
  const known = new Map<string, Fetcher>(); // a WebSocket has one set of headers
  return (params, options) => {
    const typed = (options?.headers ?? {}) as Headers;
    const key = JSON.stringify(typed);
    const used =
      known.get(key) ??
      createGraphiQLFetcher({
        url: url.href,
        fetch: send,
        enableIncrementalDelivery: false, // the product has none
        wsClient: createClient({
          url: socket.href,
          connectionParams: async () => ({ ...(await credentials()), ...typed }),
        }),
      });
    known.set(key, used);
    return used(params, options);
  };
}
