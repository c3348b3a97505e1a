import type { Page } from "@playwright/test";
import { message, messages, openChat } from "./conversation";
import { Gate } from "./gate";
import { Person } from "./person";
import { Product } from "./product";
import { expect, rows, signIn, test } from "./test";

let product: Product;
test.beforeAll(async () => {
  product = await Product.start();
});
test.afterAll(() => product.stop());

/** Ann, who looks at her chats, with Bob and Cleo; her sockets go through a gate. */
async function world(page: Page) {
  const [ann, bob, cleo] = await Promise.all(["Ann", "Bob", "Cleo"].map((name) => Person.signUp(product.url, name)));
  if (!ann || !bob || !cleo) throw new Error("nobody signed up");
  const chat = await bob.group("Lighthouse", [ann, cleo]);
  const gate = await Gate.before(page);
  await signIn(page, product.url, ann);
  await expect(rows(page)).toHaveText([/Lighthouse/]);
  return { ann, bob, cleo, chat, gate };
}

/** How often the list was asked for. */
function askings(page: Page) {
  const all = { count: 0 };
  page.on("response", (response) => {
    if (response.request().postData()?.includes("query ChatPage")) all.count++;
  });
  return all;
}

test("what comes into the list while there is no connection is in it once, in its place", async ({ newPage }) => {
  const page = await newPage();
  const { ann, bob, cleo, chat, gate } = await world(page);
  const crew = await bob.group("Crew", [ann]);
  await bob.send(chat, "before");
  await expect(rows(page)).toHaveText([/Lighthouse.*Bob: before/, /Crew/]);
  await gate.shut();
  await bob.remove(crew, ann);
  await bob.group("Garden", [ann, cleo]);
  await cleo.send(await cleo.direct(ann), "psst");
  await bob.send(chat, "while you were away");
  await gate.open();
  const now = [/Lighthouse.*Bob: while you were away.*2 unread/, /Cleo.*psst.*1 unread/, /Garden.*No messages yet/];
  await expect(rows(page)).toHaveText(now);
  await bob.group("Harbour", [ann]);
  await expect(rows(page)).toHaveText([/Harbour/, ...now]);
});

test("what comes into the list before the subscriptions have begun is in it, however long they take", async ({
  newPage,
}) => {
  const page = await newPage();
  const asked = askings(page);
  const { ann, bob, chat, gate } = await world(page);
  await gate.shut();
  gate.hold();
  const before = asked.count;
  await gate.open();
  await expect.poll(() => asked.count).toBeGreaterThan(before); // the list was read, and nobody listens yet
  await bob.group("Garden", [ann]);
  await bob.send(chat, "does anybody hear me?");
  gate.letGo();
  await expect(rows(page)).toHaveText([/Lighthouse.*does anybody hear me.*1 unread/, /Garden/]);
  await bob.send(chat, "good");
  await expect(rows(page)).toHaveText([/Lighthouse.*good.*2 unread/, /Garden/]);
});

for (const code of ["RATE_LIMITED", "FORBIDDEN"]) {
  test(`a chat that cannot be followed (${code}) stays in sight and is followed when it can be`, async ({
    newPage,
  }) => {
    const page = await newPage();
    const { bob, chat, gate } = await world(page);
    await bob.send(chat, "one");
    gate.refuse("chatEvents", code);
    await openChat(page, product.url, chat);
    await expect(message(page, "one")).toBeVisible();
    await expect.poll(() => gate.refusals).toBeGreaterThan(0);
    await bob.send(chat, "two");
    await expect(rows(page)).toHaveText([/Bob: two/]); // it could have come
    await expect(messages(page)).toHaveCount(1);
    gate.refuse();
    await gate.wake(); // FORBIDDEN is tried again after half a minute, or when there is hope
    await expect(message(page, "two")).toBeVisible();
    await bob.send(chat, "three");
    await expect(message(page, "three")).toBeVisible();
    await expect(messages(page)).toHaveCount(3);
  });
}
