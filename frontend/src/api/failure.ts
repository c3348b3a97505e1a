import { CombinedGraphQLErrors, ServerError } from "@apollo/client/errors";

/** What went wrong, in the API's own codes. UNREACHABLE is ours: there was no answer. */
export class Failure extends Error {
  constructor(
    readonly code: string,
    message: string,
    /** The input that was refused (BAD_USER_INPUT). */
    readonly field?: string,
    /** Seconds after which to try again (RATE_LIMITED). */
    readonly retryAfter?: number,
  ) {
    super(message);
    this.name = "Failure";
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
  return new Failure(
    typeof extensions.code === "string" ? extensions.code : "INTERNAL_SERVER_ERROR",
    first?.message ?? "Internal error",
    typeof extensions.field === "string" ? extensions.field : undefined,
    typeof extensions.retryAfter === "number" ? extensions.retryAfter : undefined,
  );
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
