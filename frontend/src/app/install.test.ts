import { afterEach, expect, test, vi } from "vitest";
import type { AnySession, Installation } from "../api/Api";
import { failureOf } from "../api/failure";
import { createInstances } from "../api/instances";
import { createAccountSession } from "../api/session/accounts";
import { createSource } from "../features/conversation/apolloSource";
import { enter } from "./install";

const ends: (() => void)[] = [];
afterEach(() => {
  for (const end of ends.splice(0).reverse()) end();
  vi.unstubAllGlobals();
});

const grant = (userId: string) => ({
  accessToken: `token of ${userId}`,
  expiresAt: new Date(Date.now() + 900_000).toISOString(),
  userId,
});

test("what somebody wrote is not sent in the name of who signed in in another tab meanwhile", async () => {
  const refused = { errors: [{ message: "no", extensions: { code: "UNAUTHENTICATED" } }] };
  const sentBy: (string | null)[] = [];
  let here = "ann";
  vi.stubGlobal("fetch", async (url: string, { headers, body }: { headers: HeadersInit; body: string }) => {
    if (url.endsWith("/refresh")) return Response.json(grant(here));
    const by = new Headers(headers).get("authorization");
    if (body.includes("createMessage")) sentBy.push(by);
    return by === `Bearer token of ${here}`
      ? Response.json({ data: { createMessage: null } })
      : Response.json(refused, { status: 401 });
  });
  const one = { name: "", graphql: "http://a/graphql", socket: "ws://127.0.0.1:9/graphql", auth: "http://a/auth" };
  const config = { instances: { user: [one], sender: [one], receiver: [one] } } as unknown as Installation["config"];
  const memory = { get: (key: string) => (key === "user" ? "ann" : null), set: () => undefined };
  const instances = createInstances(config, memory);
  const session: AnySession = {
    kind: "accounts",
    ...createAccountSession(instances, memory, (work) => work()),
  };
  ends.push(session.stop);
  await session.start();
  const { api, leave } = enter({ config, instances, session }, "ann");
  ends.push(leave);

  here = "bob";
  const entry = { key: "k", chatId: "c", content: "Ann's words", createdAt: "", afterSeq: 0, state: "queued" } as const;
  const failure = failureOf(
    await createSource(api)
      .send(entry)
      .catch((error) => error),
  );
  expect(sentBy).toEqual(["Bearer token of ann"]);
  expect(failure.code).toBe("UNAUTHENTICATED");
  expect(session.state.getState()).toEqual({ status: "in", userId: "bob" });
});
