import { type Failure, failureOf } from "../../../api/failure";

/** Something is not as it has to be. `expected` and `got` are in the words of the API. */
export class Unmet extends Error {
  constructor(
    readonly what: string,
    readonly expected: string,
    readonly got: string,
  ) {
    super(`${what}: expected ${expected}, got ${got}`);
    this.name = "Unmet";
  }
}

/** Both are written the same as JSON. `what` names what was compared. */
export function same<T>(what: string, got: T, expected: T): void {
  if (write(got) !== write(expected)) throw new Unmet(what, write(expected), write(got));
}

/** The call has to fail with that code. Gives the failure. */
export async function refused(what: string, call: Promise<unknown>, code: string): Promise<Failure> {
  let answer: unknown;
  try {
    answer = await call;
  } catch (error) {
    const failure = failureOf(error);
    if (failure.code !== code) throw new Unmet(what, code, inCodes(failure));
    return failure;
  }
  throw new Unmet(what, code, write(answer));
}

/** What a failure is, in what the API has for programs. */
export function inCodes({ code, reason, field }: Failure): string {
  return [code, reason, field].filter(Boolean).join(" ");
}

/** Asks until it is so; after `patience` ms what it was last is the fault. */
export async function becomes<T>(what: string, ask: () => Promise<T>, expected: T, patience = 5_000): Promise<void> {
  const until = performance.now() + patience;
  for (;;) {
    const got = await ask();
    if (write(got) === write(expected)) return;
    if (performance.now() > until) throw new Unmet(what, write(expected), write(got));
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

function write(value: unknown): string {
  return JSON.stringify(value) ?? "undefined";
}
