import type { TypedDocumentNode } from "@graphql-typed-document-node/core";
import { print } from "graphql";
import { type AnswerError, Failure, failureOfAnswer } from "./failure";

/** Posts one operation, past the cache: for what has to come before there is a client. Errors: Failure. */
export async function post<Data, Variables>(
  url: string,
  document: TypedDocumentNode<Data, Variables>,
  variables: Variables,
  init: RequestInit = {},
): Promise<Data> {
  let answer: Response;
  try {
    answer = await fetch(url, {
      ...init,
      method: "POST",
      headers: { "content-type": "application/json", ...init.headers },
      body: JSON.stringify({ query: print(document), variables }),
    });
  } catch {
    throw new Failure("UNREACHABLE", "The server cannot be reached");
  }
  const body = (await answer.json().catch(() => ({}))) as { data?: Data; errors?: AnswerError[] };
  if (body.errors) throw failureOfAnswer(body.errors);
  if (!body.data) throw new Failure("UNREACHABLE", "The server cannot be reached");
  return body.data;
}
