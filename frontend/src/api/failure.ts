import { CombinedGraphQLErrors, ServerError } from "@apollo/client/errors";

/** What stands in an error beside its code, where it does. */
interface Details {
  /** The input that was refused. */
  field?: string | undefined;
  /** Which rule was broken. */
  reason?: string | undefined;
  /** The bound that was broken. */
  limit?: number | undefined;
  /** Seconds after which to try again (RATE_LIMITED). */
  retryAfter?: number | undefined;
}

/**
 * What went wrong, in the API's own codes. Two are ours: UNREACHABLE, there was no answer, and ACCOUNT_REMOVED. The message is
 * English and for logs and tests; failureText has the words for people.
 */
export class Failure extends Error {
  readonly field: string | undefined;
  readonly reason: string | undefined;
  readonly limit: number | undefined;
  readonly retryAfter: number | undefined;

  constructor(
    readonly code: string,
    message: string,
    { field, reason, limit, retryAfter }: Details = {},
  ) {
    super(message);
    this.name = "Failure";
    this.field = field;
    this.reason = reason;
    this.limit = limit;
    this.retryAfter = retryAfter;
  }
}

export interface AnswerError {
  message: string;
  extensions?: Record<string, unknown>;
}

/** The failure that an answer's first error is. */
export function failureOfAnswer(errors: readonly AnswerError[]): Failure {
  const first = errors[0];
  const extensions = first?.extensions ?? {};
  return new Failure(text(extensions.code) ?? "INTERNAL_SERVER_ERROR", first?.message ?? "Internal error", {
    field: text(extensions.field),
    reason: text(extensions.reason),
    limit: number(extensions.limit),
    retryAfter: number(extensions.retryAfter),
  });
}

function text(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}

function number(value: unknown): number | undefined {
  return typeof value === "number" ? value : undefined;
}

/** The failure that an error of Apollo Client, of fetch or of our own is. */
export function failureOf(error: unknown): Failure {
  if (error instanceof Failure) return error;
  if (CombinedGraphQLErrors.is(error)) return failureOfAnswer(error.errors);
  if (ServerError.is(error)) return failureOfServer(error.bodyText);
  return new Failure("UNREACHABLE", error instanceof Error ? error.message : String(error));
}

function failureOfServer(body: string): Failure {
  try {
    const { errors } = JSON.parse(body) as { errors?: AnswerError[] };
    if (errors) return failureOfAnswer(errors);
  } catch {
    // not one of our servers: a proxy's page
  }
  return new Failure("UNREACHABLE", "The server cannot be reached");
}
