import { afterEach, expect, test, vi } from "vitest";
import type { Memory } from "../../lib/storage";
import type { Instances } from "../instances";
import { type AccountSession, createAccountSession } from "./accounts";

const instance = { name: "User", graphql: "http://user/graphql", socket: "", auth: "http://user/auth" };
const instances = { current: () => instance, failed: vi.fn() } as unknown as Instances;

const sessions: AccountSession[] = [];
afterEach(() => {
  for (const session of sessions.splice(0)) session.stop();
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

/** A server's answers, one after the other, and what it was asked. */
function server(...answers: (Response | Error)[]) {
  const asked: { url: string; init: RequestInit }[] = [];
  vi.stubGlobal("fetch", async (url: string, init: RequestInit) => {
    asked.push({ url, init });
    const answer = answers.shift();
    if (!answer || answer instanceof Error) throw answer ?? new TypeError("nobody answers");
    return answer;
  });
  return asked;
}

/** An access token that is good for so many seconds by a clock that is years behind. */
function grant(n: number, seconds = 900, userId = "ann") {
  const claims = btoa(JSON.stringify({ iat: 1_000, exp: 1_000 + seconds }));
  return Response.json({ accessToken: `h.${claims}.${n}`, expiresAt: "2001-01-01T00:00:00Z", userId });
}

const refused = () =>
  Response.json({ errors: [{ message: "no", extensions: { code: "UNAUTHENTICATED" } }] }, { status: 401 });

function begin(known = "ann") {
  const kept = new Map(known ? [["user", known]] : []);
  const memory: Memory = {
    get: (key) => kept.get(key) ?? null,
    set: (key, value) => void (value === null ? kept.delete(key) : kept.set(key, value)),
  };
  let running = 0;
  const session = createAccountSession(instances, memory, async (work) => {
    expect(++running).toBe(1); // one at a time
    return work().finally(() => running--);
  });
  sessions.push(session);
  return { session, kept };
}

const tokenOf = async (session: AccountSession) => (await session.credentials()).authorization?.split(".")[2];

test("a first visit asks for nothing", async () => {
  const asked = server();
  const { session } = begin("");
  await session.start();
  expect(session.state.getState()).toEqual({ status: "out" });
  expect(asked).toEqual([]);
});

test("coming back goes on by the cookie, as the server wants to be asked", async () => {
  const asked = server(grant(1));
  const { session } = begin();
  await session.start();
  expect(session.state.getState()).toEqual({ status: "in", userId: "ann" });
  expect(await tokenOf(session)).toBe("1");
  expect(asked).toMatchObject([
    {
      url: "http://user/auth/refresh",
      init: { method: "POST", credentials: "include", headers: { "content-type": "application/json" } },
    },
  ]);
});

test("a cookie that is worth nothing is the end, and is not asked for again", async () => {
  server(refused());
  const { session, kept } = begin();
  await session.start();
  expect(session.state.getState()).toEqual({ status: "out" });
  expect(kept.size).toBe(0);
});

test("a server that is away is tried until it answers", async () => {
  vi.useFakeTimers();
  server(new TypeError("away"), Response.json({ errors: [] }, { status: 503 }), grant(1));
  const { session } = begin();
  const started = session.start();
  await vi.advanceTimersByTimeAsync(1);
  expect(session.state.getState()).toMatchObject({ status: "starting", retryAt: expect.any(Number) });
  await vi.advanceTimersByTimeAsync(3_000);
  await started;
  expect(session.state.getState()).toEqual({ status: "in", userId: "ann" });
});

test("a token is renewed before it ends, by the server's clock", async () => {
  vi.useFakeTimers();
  const asked = server(grant(1), grant(2));
  const { session } = begin();
  await session.start();
  await vi.advanceTimersByTimeAsync(700_000);
  expect(await tokenOf(session)).toBe("1");
  await vi.advanceTimersByTimeAsync(30_000);
  expect(await tokenOf(session)).toBe("2");
  expect(asked.length).toBe(2);
});

test("a token that has ended while the machine slept is renewed before it is used", async () => {
  vi.useFakeTimers();
  server(grant(1), grant(2));
  const { session } = begin();
  await session.start();
  vi.setSystemTime(Date.now() + 3_600_000);
  expect(await tokenOf(session)).toBe("2");
});

test("all who are refused at once renew once, and who comes late uses what there is", async () => {
  const asked = server(grant(1), grant(2));
  const { session } = begin();
  await session.start();
  const old = await session.credentials();
  expect(await Promise.all([session.refused(old), session.refused(old), session.refused(old)])).toEqual([
    true,
    true,
    true,
  ]);
  expect(await session.refused(old)).toBe(true);
  expect(asked.length).toBe(2);
  expect(await tokenOf(session)).toBe("2");
});

test("a session that was ended elsewhere stays so for all who find it out, one after the other", async () => {
  server(grant(1), refused(), refused());
  const { session } = begin();
  await session.start();
  const used = await session.credentials();
  expect(await session.refused(used)).toBe(false);
  expect(await session.refused(used)).toBe(false);
  expect(session.state.getState()).toEqual({ status: "ended", userId: "ann" });
});

test("a session that was ended elsewhere is over; one that cannot be asked for goes on", async () => {
  server(grant(1), new TypeError("away"), refused());
  const { session } = begin();
  await session.start();
  const used = await session.credentials();
  await expect(session.refused(used)).rejects.toMatchObject({ code: "UNREACHABLE" });
  expect(session.state.getState().status).toBe("in");
  expect(await session.refused(used)).toBe(false);
  expect(session.state.getState()).toEqual({ status: "ended", userId: "ann" });
  await expect(session.credentials()).rejects.toMatchObject({ code: "UNAUTHENTICATED" });
});

test("signing in keeps the refresh token out of the page; signing out ends it on the server first", async () => {
  const payload = {
    accessToken: "h.e30.1",
    expiresAt: new Date(Date.now() + 900_000).toISOString(),
    user: { id: "bob" },
  };
  const asked = server(
    Response.json({ data: { login: payload } }),
    new TypeError("away"),
    new Response(null, { status: 204 }),
  );
  const { session, kept } = begin("");
  await session.start();
  await session.signIn("bob", "secret");
  expect(session.state.getState()).toEqual({ status: "in", userId: "bob" });
  expect(asked[0]).toMatchObject({ init: { credentials: "include", headers: { "x-refresh-token": "cookie" } } });
  expect([...kept]).toEqual([["user", "bob"]]);
  await expect(session.signOut()).rejects.toMatchObject({ code: "UNREACHABLE" });
  expect(session.state.getState().status).toBe("in");
  await session.signOut();
  expect(asked[2]?.url).toBe("http://user/auth/logout");
  expect(session.state.getState()).toEqual({ status: "out" });
});

test("who leaves while a token is being renewed stays out, whatever the answer", async () => {
  for (const answer of [grant(2), refused(), Response.json({ errors: [] }, { status: 503 })]) {
    const { session, kept } = begin();
    server(grant(1));
    await session.start();
    const used = await session.credentials();
    let give: (answer: Response) => void = () => {};
    vi.stubGlobal("fetch", (url: string) =>
      url.endsWith("/logout")
        ? Promise.resolve(new Response(null, { status: 204 }))
        : new Promise<Response>((resolve) => {
            give = resolve;
          }),
    );
    const renewed = session.refused(used);
    await session.signOut();
    give(answer);
    expect(await renewed).toBe(false);
    expect(session.state.getState()).toEqual({ status: "out" });
    await expect(session.credentials()).rejects.toMatchObject({ code: "UNAUTHENTICATED" });
    expect(kept.size).toBe(0);
  }
});

test("who leaves in another tab is out here too, while a token is renewed or the page starts", async () => {
  const other = new BroadcastChannel("chat.session");
  for (const isStarting of [false, true]) {
    const { session } = begin();
    server(grant(1));
    if (!isStarting) await session.start();
    let give: (answer: Response) => void = () => {};
    vi.stubGlobal("fetch", () => new Promise<Response>((resolve) => (give = resolve)));
    const renewed = isStarting ? session.start() : session.refused(await session.credentials());
    other.postMessage({ kind: "out" });
    await vi.waitFor(() => expect(session.state.getState().status).toBe("out"));
    give(grant(2));
    await renewed;
    expect(session.state.getState()).toEqual({ status: "out" });
    session.stop();
  }
  other.close();
});

test("nobody calls with the credentials of who signed in in another tab", async () => {
  server(grant(1), new TypeError("lost"), grant(2, 900, "bob"));
  const { session } = begin();
  await session.start();
  const anns = session.of("ann");
  const used = await anns.credentials();
  expect(used).toEqual(await session.credentials());
  await expect(anns.refused(used)).rejects.toMatchObject({ code: "UNREACHABLE" });
  expect(await anns.refused(used)).toBe(false);
  expect(session.state.getState()).toEqual({ status: "in", userId: "bob" });
  await expect(anns.credentials()).rejects.toMatchObject({ code: "UNAUTHENTICATED" });
  expect(await anns.refused(used)).toBe(false);
  expect(await session.of("bob").credentials()).toEqual(await session.credentials());
});

test("what is wrong with an input is said of it", async () => {
  const error = {
    message: "password must have at least 8 characters",
    extensions: { code: "BAD_USER_INPUT", field: "password", reason: "TOO_SHORT", limit: 8 },
  };
  server(Response.json({ errors: [error] }));
  const { session } = begin("");
  const registration = { username: "ann", email: "ann@example.org", displayName: "", password: "x" };
  await expect(session.signUp(registration)).rejects.toMatchObject(error.extensions);
  expect(session.state.getState().status).toBe("starting");
});
