import type { Role } from "./roles.gen";

/** A process that serves a role. URLs are absolute. */
export interface Instance {
  name: string;
  /** GraphQL over HTTP. */
  graphql: string;
  /** GraphQL over WebSocket; of receivers. */
  socket: string;
  /** Where the browser's cookie is good; of user processes. */
  auth: string;
}

/** What the server that sent the page says of the installation: /config.json. */
export interface Config {
  version: string;
  mode: "development" | "production";
  /** accounts: people sign in; none: everybody is believed. */
  auth: "accounts" | "none";
  signup: "open" | "closed";
  instances: Record<Role, Instance[]>;
}

/** Reads the configuration. Errors: the network's, and an answer that is none. */
export async function loadConfig(page: string = location.href): Promise<Config> {
  const answer = await fetch(new URL("/config.json", page), { cache: "no-store" });
  if (!answer.ok) throw new Error(`/config.json: ${answer.status}`);
  return resolved((await answer.json()) as Config, page);
}

/** URLs may be relative to the page: where one process serves everything. */
export function resolved(config: Config, page: string): Config {
  const instances = Object.fromEntries(
    Object.entries(config.instances).map(([role, list]) => [
      role,
      list.map((one) => ({
        name: one.name,
        graphql: new URL(one.graphql, page).href,
        socket: new URL(one.socket, page).href.replace(/^http/, "ws"),
        auth: new URL(one.auth, page).href,
      })),
    ]),
  ) as Config["instances"];
  return { ...config, instances };
}
