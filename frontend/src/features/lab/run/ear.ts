import type { TypedDocumentNode } from "@graphql-typed-document-node/core";
import type { Failure } from "../../../api/failure";
import type { Live } from "../../../api/live";
import { Unmet } from "./expect";

/** How long news may take, in ms: without Redis they come by the sweep, within two seconds. */
const patience = 6_000;

/** Hears what comes on a subscription, and waits for it. */
export class Ear<T> {
  readonly heard: T[] = [];
  /** The subscription was ended by the server: with a failure, or without. */
  end: { failure: Failure | null } | undefined;
  private waiting = new Set<() => void>();
  readonly close: () => void;

  constructor(subscribe: (hear: (one: T) => void, ended: (failure: Failure | null) => void) => () => void) {
    this.close = subscribe(
      (one) => {
        this.heard.push(one);
        this.tell();
      },
      (failure) => {
        this.end = { failure };
        this.tell();
      },
    );
  }

  /** Waits until something that fits was heard, and gives it. Errors: Unmet. */
  async hears(what: string, expected: Partial<T>): Promise<T> {
    const find = () => this.heard.find((one) => fits(one, expected));
    await this.until(what, expected, () => find() !== undefined);
    return find() as T;
  }

  /** Waits until so many were heard. Errors: Unmet. */
  async hearsSoMany(what: string, count: number): Promise<void> {
    await this.until(what, { count }, () => this.heard.length >= count);
  }

  /** Waits until the server has ended it. Errors: Unmet. */
  async ends(what: string): Promise<Failure | null> {
    await this.until(what, "complete", () => this.end !== undefined);
    return this.end?.failure ?? null;
  }

  private async until(what: string, expected: unknown, isSo: () => boolean): Promise<void> {
    const limit = performance.now() + patience;
    while (!isSo()) {
      const left = limit - performance.now();
      if (left <= 0) throw new Unmet(what, JSON.stringify(expected), JSON.stringify(this.end ?? this.heard.slice(-3)));
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, left);
        this.waiting.add(() => {
          clearTimeout(timer);
          resolve();
        });
      });
    }
  }

  private tell() {
    const all = this.waiting;
    this.waiting = new Set();
    for (const one of all) one();
  }
}

/** Hears one subscription; `pick` takes the event out of the answer. */
export function listen<Data, Variables, T>(
  live: Live,
  document: TypedDocumentNode<Data, Variables>,
  variables: Variables,
  pick: (data: Data) => T,
): Ear<T> {
  return new Ear<T>((hear, ended) =>
    live.subscribe(document, variables, {
      next: (data) => hear(pick(data)),
      failed: (failure) => ended(failure),
      ended: () => ended(null),
    }),
  );
}

function fits<T>(one: T, expected: Partial<T>): boolean {
  return Object.entries(expected).every(
    ([key, value]) => JSON.stringify((one as Record<string, unknown>)[key]) === JSON.stringify(value),
  );
}
