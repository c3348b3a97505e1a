import { useEffect, useState } from "react";

/** What the server that sent this page says of itself. A field is missing until it has answered, or where it did not. */
export interface Status {
  version?: string;
  role?: string;
  /** Whether the API answers a query. */
  api?: boolean;
  ready?: boolean;
  /** What is not ready, by name. */
  failing: string[];
}

async function json(path: string, init?: RequestInit): Promise<Record<string, unknown>> {
  const answer = await fetch(path, init);
  return (await answer.json()) as Record<string, unknown>;
}

async function health() {
  const { version, role } = await json("/healthz");
  return { version: String(version), role: String(role) };
}

async function readiness() {
  const { status, failing } = await json("/readyz");
  return { ready: status === "ready", failing: Object.keys((failing as object | undefined) ?? {}) };
}

async function api() {
  const { data } = await json("/graphql", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ query: "{ health }" }),
  });
  return { api: (data as { health?: string } | undefined)?.health === "ok" };
}

/** Asks once, each question for itself: one that fails leaves the others their answers. */
export function useStatus(): Status {
  const [status, setStatus] = useState<Status>({ failing: [] });
  useEffect(() => {
    let shown = true;
    const add = (part: Partial<Status>) => shown && setStatus((known) => ({ ...known, ...part }));
    health().then(add, () => undefined);
    readiness().then(add, () => add({ ready: false }));
    api().then(add, () => add({ api: false }));
    return () => {
      shown = false;
    };
  }, []);
  return status;
}
