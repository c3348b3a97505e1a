import { expect, test } from "vitest";
import { memory } from "../lib/storage";
import { type Config, resolved } from "./config";
import { createInstances } from "./instances";

const one = (name: string, port: number) => ({
  name,
  graphql: `http://localhost:${port}/graphql`,
  socket: `ws://localhost:${port}/graphql`,
  auth: `http://localhost:${port}/auth`,
});

const config: Config = {
  version: "v1",
  mode: "production",
  auth: "accounts",
  signup: "open",
  instances: {
    user: [one("User", 4001)],
    sender: [one("Sender 1", 4002), one("Sender 2", 4004)],
    receiver: [one("Receiver 1", 4005), one("Receiver 2", 4006)],
  },
};

function kept() {
  const map = new Map<string, string>();
  return memory(
    () =>
      ({
        getItem: (k: string) => map.get(k) ?? null,
        setItem: (k: string, v: string) => map.set(k, v),
        removeItem: (k: string) => map.delete(k),
      }) as unknown as Storage,
  );
}

test("one that was chosen stays, over reloads and failures", () => {
  const browser = kept();
  const instances = createInstances(config, browser);
  expect(instances.current("receiver").name).toBe("Receiver 1");
  instances.choose("receiver", "Receiver 2");
  instances.failed("receiver", instances.current("receiver"));
  expect(instances.current("receiver").name).toBe("Receiver 2");
  expect(createInstances(config, browser).current("receiver").name).toBe("Receiver 2");
  expect(createInstances(config, browser).state.getState().chosen).toEqual({
    user: false,
    sender: false,
    receiver: true,
  });
});

test("one that nobody chose gives way when it fails, once for each failure of its own", () => {
  const instances = createInstances(config, kept());
  const first = instances.current("sender");
  instances.failed("sender", first);
  instances.failed("sender", first); // several calls failed at the same time
  expect(instances.current("sender").name).toBe("Sender 2");
  instances.failed("sender", instances.current("sender"));
  expect(instances.current("sender").name).toBe("Sender 1");
  instances.failed("user", instances.current("user"));
  expect(instances.current("user").name).toBe("User");
});

test("what was chosen and is no more is forgotten", () => {
  const browser = kept();
  createInstances(config, browser).choose("sender", "Sender 2");
  const smaller = { ...config, instances: { ...config.instances, sender: [one("Sender", 4002)] } };
  expect(createInstances(smaller, browser).current("sender").name).toBe("Sender");
});

test("where one process serves everything its URLs are those of the page", () => {
  const here = [{ name: "Server", graphql: "/graphql", socket: "/graphql", auth: "/auth" }];
  const { instances } = resolved(
    { ...config, instances: { user: here, sender: here, receiver: here } },
    "https://chat.example/c/1",
  );
  expect(instances.receiver).toEqual([
    {
      name: "Server",
      graphql: "https://chat.example/graphql",
      socket: "wss://chat.example/graphql",
      auth: "https://chat.example/auth",
    },
  ]);
});

test("a browser that keeps nothing forgets with the page", () => {
  const denied = memory(() => {
    throw new DOMException("denied", "SecurityError");
  });
  const instances = createInstances(config, denied);
  instances.choose("sender", "Sender 2");
  expect(instances.current("sender").name).toBe("Sender 2");
  expect(denied.get("instance.sender")).toBe("Sender 2");
  denied.set("instance.sender", null);
  expect(denied.get("instance.sender")).toBeNull();
});
