import { obstacles } from "./axe";
import { composer, message, openChat, pick, sayAll } from "./conversation";
import { Person } from "./person";
import { Product } from "./product";
import { expect, signIn, test } from "./test";

let product: Product;
test.beforeAll(async () => {
  product = await Product.start();
});
test.afterAll(() => product.stop());

for (const colorScheme of ["light", "dark"] as const) {
  test(`a conversation can be used by everybody, in ${colorScheme} colours`, async ({ newPage }) => {
    const [ann, bob] = [await Person.signUp(product.url, "Ann"), await Person.signUp(product.url, "Bob")];
    const chat = await ann.group("Lighthouse", [bob]);
    await sayAll(ann, chat, [
      "hello",
      "**bold**, `code` and https://example.org",
      "> said\n\n- a\n- b\n\n```\ncode\n```",
    ]);
    await ann.deleteMessage(await ann.send(chat, "gone"));
    await sayAll(bob, chat, ["good morning", "| a | b |\n|---|---|\n| c | d |"]);
    const page = await newPage();
    await page.emulateMedia({ colorScheme });
    await signIn(page, product.url, ann);
    await openChat(page, product.url, chat);
    await expect(message(page, "good morning")).toBeVisible();
    expect(await obstacles(page)).toEqual([]);
    await pick(page, "hello", "Edit");
    expect(await obstacles(page)).toEqual([]);
    await page.keyboard.press("Escape");
    await page.route("**/graphql", (route) => {
      if (!route.request().postData()?.includes("createMessage")) return route.continue();
      return route.fulfill({ json: { data: null, errors: [{ message: "No", extensions: { code: "FORBIDDEN" } }] } });
    });
    await composer(page).fill("refused");
    await composer(page).press("Enter");
    await expect(page.getByText("Not sent: You may not do that.")).toBeVisible();
    expect(await obstacles(page)).toEqual([]);
    await message(page, "hello")
      .getByRole("button", { name: /Sent|Read by/ })
      .click();
    await expect(page.getByRole("dialog", { name: "Read by" })).toBeVisible();
    expect(await obstacles(page)).toEqual([]);
  });
}
