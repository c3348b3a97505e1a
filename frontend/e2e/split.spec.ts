import type { Page } from "@playwright/test";
import { message, openChat, pick, say } from "./conversation";
import { Fleet } from "./fleet";
import { until } from "./product";
import { expect, rows, signIn, test } from "./test";

const fleet = new Fleet();
test.beforeAll(() => fleet.start());
test.afterAll(() => fleet.stop());

/** Where a page sends its calls, and the ports of its open WebSockets. */
function traffic(page: Page) {
  const calls: { port: number; operation: string }[] = [];
  const sockets = new Set<number>();
  page.on("request", (request) => {
    const body = request.postData();
    if (!body?.includes("operationName")) return;
    calls.push({ port: Number(new URL(request.url()).port), operation: JSON.parse(body).operationName });
  });
  page.on("websocket", (socket) => {
    const port = Number(new URL(socket.url()).port);
    sockets.add(port);
    socket.on("close", () => sockets.delete(port));
  });
  return {
    portsOf: (name: string) => calls.filter(({ operation }) => operation === name).map(({ port }) => port),
    sockets,
  };
}

test("calls go to the roles, and the instances are changed without a reload and kept", async ({ newPage }) => {
  const [user, sender, receiver] = [fleet.roles.user, fleet.roles.sender, fleet.roles.receiver].map((list) =>
    list.map(({ port }) => port),
  ) as [number[], number[], number[]];
  const ann = await fleet.person("Ann Arbor", 0);
  const bob = await fleet.person("Bob Byrne", 1);
  const page = await newPage();
  const seen = traffic(page);
  await signIn(page, fleet.url, ann);
  await expect(page.getByRole("button", { name: "Connected to: Sender 1 · Receiver 1" })).toBeVisible();
  expect(seen.portsOf("Me")[0]).toBe(user[0]);
  expect(seen.portsOf("ChatPage")[0]).toBe(receiver[0]);
  await expect.poll(() => [...seen.sockets]).toEqual([receiver[0]]);

  const chat = await bob.direct(ann);
  await expect(rows(page)).toHaveText([/Bob Byrne/]);

  const menu = page.getByRole("button", { name: /^Connected to/ });
  await menu.click();
  await page.getByRole("menuitemradio", { name: "Sender 2" }).click();
  await menu.click();
  await page.getByRole("menuitemradio", { name: "Receiver 2" }).click();
  await expect(page.getByRole("button", { name: "Connected to: Sender 2 · Receiver 2" })).toBeVisible();
  await expect.poll(() => [...seen.sockets]).toEqual([receiver[1]]);
  await bob.send(chat, "over the other one");
  await expect(rows(page)).toHaveText([/over the other one/]);
  await page.getByRole("button", { name: "New chat" }).click();
  await page.getByRole("menuitem", { name: "New group" }).click();
  await page.getByLabel("Name", { exact: true }).fill("Crew");
  await page.getByRole("button", { name: "Create group" }).click();
  await expect(page.getByRole("heading", { name: "Crew" })).toBeVisible();
  expect(seen.portsOf("CreateGroup")).toEqual([sender[1]]);

  await page.reload();
  await expect(page.getByRole("button", { name: "Connected to: Sender 2 · Receiver 2" })).toBeVisible();
  await expect(page.getByRole("heading", { name: "Crew" })).toBeVisible();
});

test("two people on different instances of every role write to each other", async ({ newPage }) => {
  const [ann, bob] = [await fleet.person("Ann Arbor", 0), await fleet.person("Bob Byrne", 1)];
  const chat = await ann.direct(bob);
  const [anns, bobs] = [await newPage(), await newPage()];
  for (const [page, person, n] of [
    [anns, ann, 1],
    [bobs, bob, 2],
  ] as const) {
    await signIn(page, fleet.url, person);
    for (const role of ["Sender", "Receiver"]) {
      await page.getByRole("button", { name: /^Connected to/ }).click();
      await page.getByRole("menuitemradio", { name: `${role} ${n}` }).click();
    }
    await expect(page.getByRole("button", { name: `Connected to: Sender ${n} · Receiver ${n}` })).toBeVisible();
    await openChat(page, fleet.url, chat);
  }
  const seen = [traffic(anns), traffic(bobs)];
  await say(anns, "hello bob");
  await expect(message(bobs, "hello bob")).toBeVisible();
  await say(bobs, "hello ann");
  await expect(message(anns, "hello ann")).toBeVisible();
  for (const [page, text] of [
    [anns, "hello bob"],
    [bobs, "hello ann"],
  ] as const) {
    await expect(message(page, text).getByRole("button", { name: "Read by everybody" })).toBeVisible();
  }
  await pick(anns, "hello bob", "Edit");
  await anns.getByRole("textbox", { name: "Edit message" }).fill("hello, Bob");
  await anns.getByRole("textbox", { name: "Edit message" }).press("Enter");
  await expect(message(bobs, "hello, Bob")).toContainText("edited");
  for (const [n, { portsOf }] of seen.entries()) {
    const port = fleet.roles.sender[n]?.port;
    expect(portsOf("SendMessage")).toEqual([port]);
  }
});

test("a receiver that was chosen and is lost can be changed; one that was not is left", async ({ newPage }) => {
  const ann = await fleet.person("Ann Arbor", 1);
  const bob = await fleet.person("Bob Byrne", 1);
  const chat = await bob.direct(ann);
  const [chooses, does] = [await newPage(), await newPage()];
  await signIn(chooses, fleet.url, ann);
  await signIn(does, fleet.url, ann);
  await chooses.getByRole("button", { name: /^Connected to/ }).click();
  await chooses.getByRole("menuitemradio", { name: "Receiver 1" }).click();
  const lost = fleet.roles.receiver[0];
  await lost?.kill();
  await until("the other page is at the second receiver", async () =>
    does.getByRole("button", { name: /Receiver 2/ }).isVisible(),
  );
  await chooses.getByRole("button", { name: "Use Receiver 2" }).click();
  await expect(chooses.getByRole("button", { name: /^Connected to: .* Receiver 2/ })).toBeVisible();
  await bob.send(chat, "still here");
  await expect(rows(chooses)).toHaveText([/still here/]);
  await expect(rows(does)).toHaveText([/still here/]);
  await lost?.start();
});
