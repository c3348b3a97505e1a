import { afterEach, expect, test, vi } from "vitest";
import type { Instances } from "../instances";
import { createOpenSession } from "./open";

afterEach(() => vi.unstubAllGlobals());

test("what belongs to one person does not call as the next one of this tab", async () => {
  vi.stubGlobal("fetch", async (_: string, { body }: { body: string }) => {
    const { username } = JSON.parse(body).variables;
    return Response.json({ data: { userByUsername: { id: username, isActive: true } } });
  });
  const instances = { current: () => ({ graphql: "http://user/graphql" }) } as unknown as Instances;
  const session = createOpenSession(instances, { get: () => null, set: () => undefined });
  const anns = session.of("ann");
  await session.join({ username: "ann", email: "", displayName: "" });
  expect(await anns.credentials()).toEqual({ "user-id": "ann" });
  await session.signOut();
  await session.join({ username: "bob", email: "", displayName: "" });
  await expect(anns.credentials()).rejects.toMatchObject({ code: "UNAUTHENTICATED" });
  expect(await session.credentials()).toEqual({ "user-id": "bob" });
});
