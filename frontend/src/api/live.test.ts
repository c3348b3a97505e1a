import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { buildSchema, type DocumentNode, execute, GraphQLError, parse, subscribe, validate } from "graphql";
import { useServer as serve } from "graphql-ws/use/ws";
import { afterEach, expect, test, vi } from "vitest";
import { type WebSocket, WebSocketServer } from "ws";
import type { Config } from "./config";
import { createInstances, type Instances } from "./instances";
import { createLive, type Live } from "./live";
import type { Session } from "./session/session";

const schema = buildSchema(`
  type Query { health: String }
  type Subscription { numbers(after: Int!): Int!, refused: Int! }
`);
const numbers = parse("subscription($after: Int!) { numbers(after: $after) }") as DocumentNode;

/** A receiver: it counts up from what a client has seen, and is closed by the test. */
class Receiver {
  readonly asked: number[] = [];
  readonly payloads: unknown[] = [];
  private readonly http: Server = createServer();
  private readonly sockets = new WebSocketServer({ server: this.http, path: "/graphql" });
  private last = 0;
  private heard = new Set<() => void>();

  async listen(port = 0): Promise<this> {
    serve(
      {
        schema,
        execute,
        subscribe,
        validate, // of the same copy of graphql as the schema
        onConnect: ({ connectionParams }) => {
          this.payloads.push(connectionParams);
          return true;
        },
        roots: {
          subscription: {
            numbers: ({ after }: { after: number }) => this.from(after),
            refused: () => {
              throw new GraphQLError("gone", { extensions: { code: "NOT_FOUND" } });
            },
          },
        },
      },
      this.sockets,
    );
    await new Promise<void>((resolve) => this.http.listen(port, "127.0.0.1", resolve));
    return this;
  }

  get port() {
    return (this.http.address() as AddressInfo).port;
  }

  get open() {
    return this.sockets.clients.size;
  }

  say(upTo: number) {
    this.last = upTo;
    for (const one of [...this.heard]) one();
  }

  /** Ends all connections, as a server does that stops (1012), or whose session has ended (4403). */
  close(code: number) {
    for (const socket of this.sockets.clients) (socket as WebSocket).close(code, "for a reason");
  }

  async stop() {
    for (const socket of this.sockets.clients) socket.terminate();
    await new Promise((resolve) => this.http.close(resolve));
  }

  private async *from(after: number) {
    this.asked.push(after);
    for (let n = after; ; ) {
      while (n < this.last) yield { numbers: ++n };
      await new Promise<void>((resolve) => {
        this.heard.add(resolve);
      });
    }
  }
}

const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

async function receiver(port?: number) {
  const one = await new Receiver().listen(port);
  ends.push(() => one.stop());
  return one;
}

function installation(...ports: number[]): Instances {
  const receivers = ports.map((port, n) => ({
    name: `Receiver ${n + 1}`,
    graphql: "",
    socket: `ws://127.0.0.1:${port}/graphql`,
    auth: "",
  }));
  const memory = { get: () => null, set: () => undefined };
  return createInstances({ instances: { user: [], sender: [], receiver: receivers } } as unknown as Config, memory);
}

function connect(instances: Instances, session: Partial<Session> = {}) {
  const whole = { credentials: async () => ({ authorization: "Bearer 1" }), refused: async () => true, ...session };
  const live = createLive(instances, whole as Session);
  ends.push(() => live.close());
  return live;
}

/** Follows the numbers from the last that was seen, as a conversation does with seq. */
function follow(live: Live) {
  const seen: number[] = [];
  const leave = live.subscribe<{ numbers: number }, { after: number }>(numbers, () => ({ after: seen.at(-1) ?? 0 }), {
    next: (data) => seen.push(data.numbers),
  });
  return { seen, leave };
}

const soon = { timeout: 10_000 };

test("a subscription goes on from where it was, at each connection anew", async () => {
  const one = await receiver();
  const live = connect(installation(one.port));
  const { seen, leave } = follow(live);
  one.say(2);
  await expect.poll(() => seen, soon).toEqual([1, 2]);
  expect(live.connection.getState()).toMatchObject({ status: "connected", count: 1 });
  for (const [n, code] of [1012, 1011, 1013].entries()) {
    one.close(code); // 1011 is one at which the library gives up
    one.say(3 + n);
    await expect.poll(() => seen.at(-1), soon).toBe(3 + n);
    expect(live.connection.getState()).toMatchObject({ status: "connected", count: n + 2 });
  }
  expect(seen).toEqual([1, 2, 3, 4, 5]);
  expect(one.asked).toEqual([0, 2, 3, 4]);
  leave();
});

test("what the server refuses is told once and not tried again", async () => {
  const one = await receiver();
  const live = connect(installation(one.port));
  const failures: string[] = [];
  live.subscribe(
    parse("subscription { refused }"),
    {},
    {
      next: () => undefined,
      failed: ({ code, message }) => failures.push(`${code} ${message}`),
    },
  );
  await expect.poll(() => failures, soon).toEqual(["NOT_FOUND gone"]);
});

test("refused credentials are renewed before the next connection", async () => {
  const one = await receiver();
  let token = 1;
  const refused = vi.fn(async () => {
    token++;
    return true;
  });
  const live = connect(installation(one.port), {
    credentials: async () => ({ authorization: `Bearer ${token}` }),
    refused,
  });
  const { seen } = follow(live);
  one.say(1);
  await expect.poll(() => seen, soon).toEqual([1]);
  one.close(4403);
  one.say(2);
  await expect.poll(() => seen, soon).toEqual([1, 2]);
  expect(refused).toHaveBeenCalledWith({ authorization: "Bearer 1" });
  expect(one.payloads).toEqual([{ authorization: "Bearer 1" }, { authorization: "Bearer 2" }]);
});

test("another instance is used at once when it is chosen, and goes on from the same place", async () => {
  const [one, two] = [await receiver(), await receiver()];
  const instances = installation(one.port, two.port);
  const live = connect(instances);
  const { seen } = follow(live);
  one.say(3);
  await expect.poll(() => seen.length, soon).toBe(3);
  instances.choose("receiver", "Receiver 2");
  two.say(4);
  await expect.poll(() => seen, soon).toEqual([1, 2, 3, 4]);
  expect(two.asked).toEqual([3]);
  await expect.poll(() => one.open, soon).toBe(0);
});

test("a connection that is dropped stays away for so long, and goes on from the same place", async () => {
  const one = await receiver();
  const live = connect(installation(one.port));
  const { seen } = follow(live);
  one.say(1);
  await expect.poll(() => seen, soon).toEqual([1]);
  live.drop(60_000);
  await expect.poll(() => live.connection.getState().status, soon).toBe("waiting");
  expect(live.connection.getState().until).toBeGreaterThan(Date.now() + 50_000);
  await expect.poll(() => one.open, soon).toBe(0);
  one.say(3);
  live.retryNow();
  await expect.poll(() => seen, soon).toEqual([1, 2, 3]);
  expect(one.asked).toEqual([0, 1]);
});

test("a receiver that is away is waited for; there is another if nobody has chosen", async () => {
  const gone = await receiver();
  const two = await receiver();
  const live = connect(installation(gone.port, two.port));
  const { seen } = follow(live);
  gone.say(1);
  await expect.poll(() => seen, soon).toEqual([1]);
  await gone.stop();
  ends.splice(0, 1);
  await expect.poll(() => live.connection.getState().status, soon).toBe("waiting");
  expect(live.connection.getState().until).toBeGreaterThan(Date.now() - 100);
  two.say(2);
  await expect
    .poll(() => {
      live.retryNow();
      return seen;
    }, soon)
    .toEqual([1, 2]);
});

test("the machine's network tells when it is worth trying", async () => {
  const one = await receiver();
  const { port } = one;
  const live = connect(installation(port));
  const { seen } = follow(live);
  await expect.poll(() => live.connection.getState().status, soon).toBe("connected");
  await one.stop();
  ends.splice(0, 1);
  vi.spyOn(Math, "random").mockReturnValue(1); // the longest waits
  await expect.poll(() => live.connection.getState().status, soon).toBe("waiting");
  window.dispatchEvent(new Event("offline"));
  expect(live.connection.getState().status).toBe("offline");
  const back = await receiver(port);
  window.dispatchEvent(new Event("online"));
  back.say(1);
  await expect.poll(() => seen, soon).toEqual([1]);
  vi.restoreAllMocks();
});
