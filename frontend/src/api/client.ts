import { ApolloClient, ApolloLink, HttpLink, Observable } from "@apollo/client";
import { ServerError } from "@apollo/client/errors";
import { SetContextLink } from "@apollo/client/link/context";
import { ErrorLink } from "@apollo/client/link/error";
import { RetryLink } from "@apollo/client/link/retry";
import { OperationTypeNode } from "graphql";
import { from, mergeMap } from "rxjs";
import { backoff } from "../lib/backoff";
import type { Instance } from "./config";
import type { Instances } from "./instances";
import type { Live } from "./live";
import { isMutation, roleOf } from "./route";
import type { Credentials, Identified } from "./session/session";
import { createCache } from "./store";

/** How often a query is tried that the network has lost; live connections try for ever. */
const queryAttempts = 5;

/** Apollo Client over all roles: users, chats and settings live in its cache. Messages of a chat do not. */
export function createApolloClient(instances: Instances, session: Identified, live: Live): ApolloClient {
  return new ApolloClient({
    cache: createCache(),
    link: ApolloLink.split(
      ({ operationType }) => operationType === OperationTypeNode.SUBSCRIPTION,
      liveLink(live),
      ApolloLink.from([retryLink(), sessionLink(session), instanceLink(instances), new HttpLink({ uri: address })]),
    ),
    defaultOptions: { watchQuery: { fetchPolicy: "cache-and-network", nextFetchPolicy: "cache-first" } },
  });
}

/** Subscriptions go over the WebSocket that everybody uses. */
function liveLink(live: Live): ApolloLink {
  return new ApolloLink(
    ({ query, variables }) =>
      new Observable((observer) =>
        live.subscribe<Record<string, unknown>, Record<string, unknown>>(query, variables, {
          next: (data) => observer.next({ data }),
          failed: (failure) => observer.error(failure),
          ended: () => observer.complete(),
        }),
      ),
  );
}

/** A query that no answer came to is asked again, of the next instance where nobody chose one. */
function retryLink(): ApolloLink {
  return new RetryLink({
    attempts: (count, operation, error) => count < queryAttempts && !isMutation(operation.query) && !isRefusal(error),
    delay: (count) => backoff(count - 1, { most: 5_000 }),
  });
}

function isRefusal(error: unknown): boolean {
  return !isUnreachable(error);
}

function isUnreachable(error: unknown): boolean {
  return ServerError.is(error) ? error.statusCode >= 500 : error instanceof TypeError; // fetch's own
}

/** Whoever asked gives no more time; whether the call was done is not known, and it is theirs to repeat. */
function isTimeout(error: unknown): boolean {
  return error instanceof DOMException && error.name === "TimeoutError"; // of AbortSignal.timeout
}

/** Each request has the credentials of now. Refused ones are renewed, once. */
function sessionLink(session: Identified): ApolloLink {
  const identified = new SetContextLink(async () => {
    const credentials = await session.credentials();
    return { headers: credentials, credentials: "same-origin" };
  });
  const renewed = new ErrorLink(({ error, operation, forward }) => {
    const { headers, isRepeated } = operation.getContext() as { headers: Credentials; isRepeated?: boolean };
    if (!ServerError.is(error) || error.statusCode !== 401 || isRepeated) return;
    return from(
      session.refused(headers).then((goesOn) => (goesOn ? session.credentials() : Promise.reject(error))),
    ).pipe(
      mergeMap((credentials) => {
        operation.setContext({ headers: credentials, isRepeated: true });
        return forward(operation);
      }),
    );
  });
  return ApolloLink.from([identified, renewed]);
}

/** The instance is chosen when the request is sent, and told of when it does not answer. */
function instanceLink(instances: Instances): ApolloLink {
  return new ApolloLink((operation, forward) => {
    const role = roleOf(operation.query);
    const instance = instances.current(role);
    operation.setContext({ instance });
    return new Observable((observer) =>
      forward(operation).subscribe({
        next: (result) => observer.next(result),
        error: (error) => {
          if (isUnreachable(error) || isTimeout(error)) instances.failed(role, instance);
          observer.error(error);
        },
        complete: () => observer.complete(),
      }),
    );
  });
}

function address(operation: ApolloLink.Operation): string {
  return (operation.getContext() as { instance: Instance }).instance.graphql;
}
