import { createGraphiQLFetcher } from "@graphiql/toolkit";
import { GraphiQL } from "graphiql";
import "graphiql/setup-workers/vite";
import { createClient } from "graphql-ws";
import { createRoot } from "react-dom/client";
import "graphiql/style.css";
import "./graphiql.css";

const query = `# Ctrl+Enter runs this. Name who you are under Headers: {"user-id": "…"}
{
  health
  users {
    id
    username
  }
}
`;

/** The fetcher of one set of headers; on a WebSocket they go with connection_init. */
function fetcher(headers: Record<string, unknown>) {
  const url = `${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/graphql`;
  return createGraphiQLFetcher({
    url: "/graphql",
    wsClient: createClient({ url, connectionParams: headers, lazy: true }),
  });
}

const known = new Map<string, ReturnType<typeof fetcher>>();

const root = document.getElementById("graphiql");
if (root) {
  createRoot(root).render(
    <GraphiQL
      defaultQuery={query}
      fetcher={(params, options) => {
        const headers = options?.headers ?? {};
        const key = JSON.stringify(headers);
        const fetch = known.get(key) ?? fetcher(headers);
        known.set(key, fetch);
        return fetch(params, options);
      }}
    />,
  );
}
