// @vitest-environment node
// Calls go over the network, by the fetch of Node.

import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, expect, test } from "vitest";
import { createApolloClient } from "./client";
import type { Config } from "./config";
import { SendMessageDocument, UserByIdDocument } from "./gql/graphql";
import { createInstances } from "./instances";
import type { Live } from "./live";

const ends: (() => void)[] = [];
afterEach(() => {
  for (const end of ends.splice(0)) end();
});

async function serve(name: string, answer: RequestListener) {
  const server = createServer(answer);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  ends.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return { name, graphql: `http://127.0.0.1:${(server.address() as AddressInfo).port}/graphql`, socket: "", auth: "" };
}

test("an instance that hangs gives way to the next, and what it was asked is not asked again by itself", async () => {
  const asked: string[] = [];
  const hangs = await serve("hangs", () => asked.push("hangs"));
  const works = await serve("works", (_, response) => {
    asked.push("works");
    response.end(JSON.stringify({ data: { createMessage: null } }));
  });
  const all = [hangs, works];
  const config = { instances: { user: all, sender: all, receiver: all } } as unknown as Config;
  const instances = createInstances(config, { get: () => null, set: () => undefined });
  const session = { credentials: async () => ({ authorization: "Bearer 1" }), refused: async () => false };
  const client = createApolloClient(instances, session, {} as Live);
  ends.push(() => client.stop());
  const context = () => ({ fetchOptions: { signal: AbortSignal.timeout(200) } });

  await expect(
    client.query({ query: UserByIdDocument, variables: { id: "ann" }, context: context() }),
  ).rejects.toMatchObject({ name: "TimeoutError" });
  expect(asked).toEqual(["hangs"]);
  expect(instances.current("user")).toBe(works);

  const send = () =>
    client.mutate({
      mutation: SendMessageDocument,
      variables: { chatId: "c", content: "hello", key: "k" },
      fetchPolicy: "no-cache",
      context: context(),
    });
  await expect(send()).rejects.toMatchObject({ name: "TimeoutError" });
  await send();
  expect(asked).toEqual(["hangs", "hangs", "works"]);
});
