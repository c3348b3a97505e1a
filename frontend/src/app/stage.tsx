import { ApolloClient, ApolloLink, Observable } from "@apollo/client";
import { ApolloProvider } from "@apollo/client/react";
import { render } from "@testing-library/react";
import type { ReactElement } from "react";
import { IntlProvider } from "react-intl";
import { Router } from "wouter";
import { memoryLocation } from "wouter/memory-location";
import { createStore } from "zustand/vanilla";
import { type Api, ApiProvider, type Installation, InstallationProvider } from "../api/Api";
import { ChatCache } from "../api/chats/cache";
import type { ListState } from "../api/chats/follow";
import { createMuted } from "../api/chats/muted";
import type { Config } from "../api/config";
import { createInstances } from "../api/instances";
import type { Connection } from "../api/live";
import { createCache } from "../api/store";

const instance = (name: string) => ({
  name,
  graphql: `http://${name}/graphql`,
  socket: `ws://${name}/graphql`,
  auth: "",
});

const fleet: Config = {
  version: "v1",
  mode: "production",
  auth: "accounts",
  signup: "open",
  instances: {
    user: [instance("User")],
    sender: [instance("Sender 1"), instance("Sender 2")],
    receiver: [instance("Receiver 1"), instance("Receiver 2")],
  },
};

/**
 * Shows components to Ann without a server, for tests: her chats are what the test puts into `chats`, and what is asked for
 * is answered by `answer`, by the name of the operation.
 */
export function stage(
  shown: ReactElement,
  {
    answer = () => ({}),
  }: { answer?: (operation: string, variables: Record<string, unknown>) => Record<string, unknown> } = {},
) {
  const kept = new Map<string, string>();
  const memory = {
    get: (key: string) => kept.get(key) ?? null,
    set: (key: string, value: string | null) => void (value === null ? kept.delete(key) : kept.set(key, value)),
  };
  const installation = { config: fleet, instances: createInstances(fleet, memory), session: {} } as Installation;
  const link = new ApolloLink(
    ({ operationName, variables }) =>
      new Observable((observer) => {
        observer.next({ data: answer(operationName ?? "", variables) });
        observer.complete();
      }),
  );
  const client = new ApolloClient({ cache: createCache(), link });
  const chats = new ChatCache(client.cache, "Ann");
  const connection = createStore<Connection>(() => ({ status: "connected", count: 1 }));
  const list = createStore<ListState>(() => ({ status: "ready" }));
  const location = memoryLocation({ path: "/", record: true });
  const api = {
    userId: "Ann",
    client,
    chats,
    live: {
      connection,
      subscribe: () => () => undefined,
      retryNow: () => undefined,
      drop: () => undefined,
      close: () => undefined,
    },
    follower: {
      state: list,
      refresh: () => undefined,
      ask: async () => false,
      listen: () => () => undefined,
      stop: () => undefined,
    },
    muted: createMuted(memory, "Ann"),
  } satisfies Api;
  chats.putAll([]);
  render(
    <IntlProvider locale="en">
      <Router hook={location.hook}>
        <InstallationProvider value={installation}>
          <ApiProvider value={api}>
            <ApolloProvider client={client}>{shown}</ApolloProvider>
          </ApiProvider>
        </InstallationProvider>
      </Router>
    </IntlProvider>,
  );
  return { chats, connection, list, kept, history: location.history };
}
