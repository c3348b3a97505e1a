import type { TypedDocumentNode } from "@graphql-typed-document-node/core";
import type { Config } from "../../api/config";
import { failureOf } from "../../api/failure";
import { createInstances, type Instances } from "../../api/instances";
import { createLive, type Live } from "../../api/live";
import { post } from "../../api/post";
import type { Role } from "../../api/roles.gen";
import { roleOf } from "../../api/route";
import type { Credentials } from "../../api/session/session";
import type { Somebody } from "./people";

/** Names of instances, by role. */
export type Choice = Record<Role, string>;

/** Somebody at instances that were chosen for them, with a socket of their own. */
export interface Seat {
  person: Somebody;
  instances: Instances;
  live: Live;
  /** Sends one operation to the instance of its role; with keepalive, also while the page goes. Errors: Failure. */
  call<Data, Variables>(
    document: TypedDocumentNode<Data, Variables>,
    variables: Variables,
    init?: Pick<RequestInit, "keepalive">,
  ): Promise<Data>;
  close(): void;
}

/** A call that has no answer after so long (ms) counts as lost. The server's own limit is shorter. */
const patience = 15_000;

export function createSeat(config: Config, person: Somebody, choice: Choice): Seat {
  const instances = createInstances(config, { get: (key) => choice[key.split(".")[1] as Role], set: () => undefined });
  const live = createLive(instances, person);

  async function call<Data, Variables>(
    document: TypedDocumentNode<Data, Variables>,
    variables: Variables,
    init: Pick<RequestInit, "keepalive"> = {},
  ) {
    const url = instances.current(roleOf(document)).graphql;
    const ask = (headers: Credentials) =>
      post(url, document, variables, { ...init, headers, signal: AbortSignal.timeout(patience) });
    const credentials = await person.credentials();
    try {
      return await ask(credentials);
    } catch (error) {
      if (failureOf(error).code !== "UNAUTHENTICATED" || !(await person.refused(credentials))) throw error;
      return ask(await person.credentials());
    }
  }

  return { person, instances, live, call, close: () => live.close() };
}

/** The choice for one of two: the first instance of each role, or the second where there is one. */
export function choiceOf(config: Config, place: 0 | 1): Choice {
  const name = (role: Role) => (config.instances[role][place] ?? config.instances[role][0])?.name ?? "";
  return { user: name("user"), sender: name("sender"), receiver: name("receiver") };
}
