import { contents, message, openChat, say, unread } from "./conversation";
import { Person } from "./person";
import { Product } from "./product";
import { expect, rows, test } from "./test";

let product: Product;
test.beforeAll(async () => {
  product = await Product.start("--auth=none");
});
test.afterAll(() => product.stop());

test("without accounts: writing, reading and receipts between two people", async ({ newPage }) => {
  const [ann, bob] = [await Person.join(product.url, "Ann"), await Person.join(product.url, "Bob")];
  const chat = await ann.group("Lighthouse", [bob]);
  const enter = async (person: Person) => {
    const page = await newPage();
    await page.goto(product.url);
    await page.getByLabel("User name").fill(person.username);
    await page.getByRole("button", { name: "Join" }).click();
    await expect(rows(page)).toHaveCount(1);
    return page;
  };
  const [a, b] = [await enter(ann), await enter(bob)];
  await openChat(a, product.url, chat);
  await say(a, "hello bob");
  await expect(message(a, "hello bob").getByRole("button", { name: "Sent", exact: true })).toBeVisible();
  await openChat(b, product.url, chat);
  await expect(message(b, "hello bob")).toBeVisible();
  await expect(message(a, "hello bob").getByRole("button", { name: "Read by everybody" })).toBeVisible();
  await expect.poll(() => unread(bob, chat)).toBe(0);
  await say(b, "hello ann");
  await expect(message(a, "hello ann")).toBeVisible();
  await expect(message(b, "hello ann").getByRole("button", { name: "Read by everybody" })).toBeVisible();
  expect(await contents(ann, chat)).toEqual(["hello bob", "hello ann"]);
});
