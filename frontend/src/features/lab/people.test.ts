import { afterEach, expect, test, vi } from "vitest";
import type { Installation } from "../../api/Api";
import { createPeople } from "./people";

afterEach(() => {
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

/** An installation whose user service is the test: `calls` are the operations it was asked for. */
function world(auth: "accounts" | "none" = "accounts") {
  const calls: { operation: string; variables: Record<string, unknown>; headers: Record<string, string> }[] = [];
  const refusing = { operation: "" };
  vi.stubGlobal("fetch", async (_: string, init: { body: string; headers: Record<string, string> }) => {
    const { query, variables } = JSON.parse(init.body);
    const operation = /Lab\w+/.exec(query)?.[0] ?? "";
    calls.push({ operation, variables, headers: init.headers });
    if (operation === refusing.operation) {
      return Response.json({ errors: [{ message: "no", extensions: { code: "RATE_LIMITED" } }] });
    }
    const n = calls.filter((one) => one.operation === operation).length;
    const data: Record<string, unknown> = {
      LabCreateUser: { createUser: { id: `id-${n}` } },
      LabLogin: { login: { accessToken: `token-${n}` } },
      LabRemoveUser: { removeUser: { isActive: false } },
      LabUser: { user: { id: "dan", username: "dan", displayName: "Dan Doyle" } },
    };
    return Response.json({ data: data[operation] });
  });
  const installation = {
    config: { auth },
    instances: { current: () => ({ graphql: "http://user/graphql" }) },
    session: { of: () => ({ credentials: async () => ({ authorization: "Bearer dan" }), refused: async () => true }) },
  } as unknown as Installation;
  const count = (operation: string) => calls.filter((one) => one.operation === operation).length;
  return { people: createPeople(installation, "dan"), calls, count, refusing };
}

test("somebody is made once, when they are asked for, and removed at the end", async () => {
  const { people, calls, count } = world();
  const [ada, again] = await Promise.all([people.ask("ada"), people.ask("ada")]);
  expect(again).toBe(ada);
  expect(count("LabCreateUser")).toBe(1);
  expect(calls[0]?.headers.authorization).toBe("Bearer dan"); // an administrator may where others may not
  await people.clear();
  expect(calls.at(-1)).toMatchObject({ operation: "LabRemoveUser", variables: { id: ada.id } });
  expect(calls.at(-1)?.headers.authorization).toBe("Bearer token-1");
  await people.clear();
  expect(count("LabRemoveUser")).toBe(1);
});

test("who is signed in is never made, and never removed", async () => {
  const { people, count } = world();
  expect(await people.ask("you")).toMatchObject({ id: "dan", name: "Dan Doyle" });
  await people.clear();
  expect(count("LabCreateUser") + count("LabRemoveUser")).toBe(0);
});

test("a token is got once, and anew when it was refused or has grown old", async () => {
  vi.useFakeTimers({ toFake: ["Date"] });
  const { people } = world();
  const ada = await people.ask("ada");
  const both = await Promise.all([ada.credentials(), ada.credentials()]);
  expect(both).toEqual([{ authorization: "Bearer token-1" }, { authorization: "Bearer token-1" }]);
  expect(await ada.refused({})).toBe(true);
  expect(await ada.credentials()).toEqual({ authorization: "Bearer token-2" });
  vi.setSystemTime(Date.now() + 11 * 60_000);
  expect(await ada.credentials()).toEqual({ authorization: "Bearer token-3" });
});

test("where everybody is believed, a name is enough", async () => {
  const { people, calls } = world("none");
  const ben = await people.ask("ben");
  expect(await ben.credentials()).toEqual({ "user-id": ben.id });
  expect(calls.map(({ operation }) => operation)).toEqual(["LabCreateUser"]);
});

test("who could not be made is tried again", async () => {
  const { people, refusing } = world();
  refusing.operation = "LabCreateUser";
  await expect(people.ask("ada")).rejects.toMatchObject({ code: "RATE_LIMITED" });
  refusing.operation = "";
  expect(await people.ask("ada")).toMatchObject({ name: "Ada" });
});

test("a page that goes removes them at once, with tokens that it has, however long it was open", async () => {
  vi.useFakeTimers();
  const { people, calls, count } = world();
  await people.ask("ada");
  await people.ask("ben");
  await vi.advanceTimersByTimeAsync(61 * 60_000);
  const logins = count("LabLogin");
  people.finish(new Promise(() => undefined)); // what it cannot wait for
  people.leave();
  await Promise.resolve().then(() => undefined); // no answer comes any more
  const removals = calls.filter(({ operation }) => operation === "LabRemoveUser");
  expect(removals.map(({ variables }) => variables.id)).toEqual(["id-1", "id-2"]);
  expect(removals.map(({ headers }) => headers.authorization)).toEqual([
    `Bearer token-${logins - 1}`,
    `Bearer token-${logins}`,
  ]);
  await vi.advanceTimersByTimeAsync(61 * 60_000);
  expect(count("LabLogin")).toBe(logins);
});

test("what has to be finished before is waited for, also what fails", async () => {
  const { people, count } = world();
  await people.ask("ada");
  let finish: () => void = () => undefined;
  people.finish(
    new Promise<void>((_, reject) => {
      finish = () => reject(new Error("the chat is gone already"));
    }),
  );
  const cleared = people.clear();
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(count("LabRemoveUser")).toBe(0);
  finish();
  await cleared;
  expect(count("LabRemoveUser")).toBe(1);
});
