import type { Request } from "@playwright/test";
import { Person, unique } from "./person";
import { Product } from "./product";
import { expect, rows, signIn, test } from "./test";

let product: Product;
test.beforeAll(async () => {
  product = await Product.start();
});
test.afterAll(() => product.stop());

test("the list is live: what is new comes on top, is counted, and goes when it is deleted", async ({ newPage }) => {
  const ann = await Person.signUp(product.url, "Ann Arbor");
  const bob = await Person.signUp(product.url, "Bob Byrne");
  const cleo = await Person.signUp(product.url, "Cleo Carter");
  const page = await newPage();
  await signIn(page, product.url, ann);
  await expect(page.getByText("No chats yet")).toBeVisible();

  const withBob = await bob.direct(ann);
  await expect(rows(page)).toHaveText([/Bob Byrne.*No messages yet/]);
  const team = await cleo.group("Team", [ann, bob]);
  await expect(rows(page)).toHaveText([/^T?.*Team/, /Bob Byrne/]);

  await bob.send(withBob, "hello\n  there");
  await expect(rows(page)).toHaveText([/Bob Byrne.*Bob Byrne: hello there/, /Team/]);
  await expect(rows(page).first()).toContainText("1 unread message");
  await expect(page).toHaveTitle("(1) chat");
  const id = await cleo.send(team, "to everybody");
  await expect(rows(page)).toHaveText([/Team.*Cleo Carter: to everybody/, /Bob Byrne/]);
  await expect(page).toHaveTitle("(2) chat");
  await cleo.deleteMessage(id);
  await expect(rows(page).first()).toContainText("Message deleted");
  await expect(page).toHaveTitle("(1) chat");

  await Promise.all(Array.from({ length: 100 }, (_, n) => bob.send(withBob, `${n}`)));
  await expect(rows(page).first()).toContainText("99+");
  await expect(rows(page).first()).toContainText("101 unread messages");
  await ann.send(withBob, "I am here"); // from another device
  await expect(rows(page).first()).toContainText("You: I am here");
});

test("what looks like markup is text", async ({ newPage }) => {
  const markup = `<img src=x onerror="alert(1)"><script>alert(2)</script>{{7*7}}`;
  const ann = await Person.signUp(product.url, "Ann Arbor");
  const eve = await Person.signUp(product.url, markup, unique("eve"));
  const page = await newPage();
  page.on("dialog", () => expect("a dialog").toBe("none"));
  await signIn(page, product.url, ann);
  await eve.send(await eve.group(markup, [ann], markup), markup);
  await expect(rows(page)).toContainText([markup]);
  await rows(page).click();
  await expect(page.getByRole("heading", { name: markup })).toBeVisible();
  await page.getByRole("button", { name: "Details" }).click();
  await expect(page.getByRole("complementary").getByRole("paragraph").filter({ hasText: markup })).toBeVisible();
  expect(await page.locator("img[src=x]").count()).toBe(0);
});

test("a direct chat and a group are begun, and others see them at once", async ({ newPage }) => {
  const ann = await Person.signUp(product.url, "Ann Arbor");
  const bob = await Person.signUp(product.url, "Bob Byrne");
  const cleo = await Person.signUp(product.url, "Cleo Carter");
  const [anns, bobs] = [await newPage(), await newPage()];
  await signIn(anns, product.url, ann);
  await signIn(bobs, product.url, bob);

  await anns.getByRole("button", { name: "New chat" }).click();
  await anns.getByRole("menuitem", { name: "New message" }).click();
  await anns.getByLabel("Search people").fill(bob.username);
  await anns.getByRole("button", { name: `Bob Byrne @${bob.username}` }).click();
  await expect(anns.getByRole("heading", { name: "Bob Byrne" })).toBeVisible();
  await expect(rows(bobs)).toHaveText([/Ann Arbor/]);

  await anns.getByRole("button", { name: "New chat" }).click();
  await anns.getByRole("menuitem", { name: "New group" }).click();
  await anns.getByLabel("Name", { exact: true }).fill("Garden");
  await anns.getByLabel("Description").fill("What grows");
  await anns.getByLabel("Search people").fill(bob.username);
  await anns.getByRole("button", { name: `Bob Byrne @${bob.username}` }).click();
  await anns.getByLabel("Search people").fill(cleo.username);
  await expect(anns.getByRole("button", { name: `Cleo Carter @${cleo.username}` })).toBeVisible();
  await anns.getByRole("button", { name: "Select all" }).click();
  await expect(anns.getByText("2 chosen")).toBeVisible();
  await anns.getByRole("button", { name: "Create group" }).click();
  await expect(anns.getByRole("heading", { name: "Garden" })).toBeVisible();
  await expect(anns.getByText("3 members")).toBeVisible();
  await expect(rows(bobs)).toHaveText([/Garden/, /Ann Arbor/]);

  await bobs.getByRole("button", { name: "New chat" }).click();
  await bobs.getByRole("menuitem", { name: "New message" }).click();
  await bobs.getByLabel("Search people").fill(ann.username);
  await bobs.getByRole("button", { name: `Ann Arbor @${ann.username}` }).click();
  await expect(bobs.getByRole("heading", { name: "Ann Arbor" })).toBeVisible(); // the one that there is
  await expect(rows(bobs)).toHaveText([/Garden/, /Ann Arbor/]);
});

test("everybody is chosen of those whom the text finds, not of those who are still shown", async ({ newPage }) => {
  const ann = await Person.signUp(product.url, "Ann Arbor");
  const both = unique("both");
  const bob = await Person.signUp(product.url, "Bob Byrne", `${both}bob`);
  const cleo = await Person.signUp(product.url, "Cleo Carter", `${both}cleo`);
  const page = await newPage();
  await signIn(page, product.url, ann);
  await page.getByRole("button", { name: "New chat" }).click();
  await page.getByRole("menuitem", { name: "New group" }).click();
  await page.getByLabel("Search people").fill(bob.username);
  await page.getByRole("button", { name: `Bob Byrne @${bob.username}` }).click();
  await expect(page.getByText("1 chosen")).toBeVisible();
  let answer = () => {};
  const late = new Promise<void>((resolve) => {
    answer = resolve;
  });
  const isOfBoth = (request: Request) => request.postData()?.includes(`"${both}"`) ?? false;
  await page.route("**/graphql", async (route) => {
    if (isOfBoth(route.request())) await late;
    await route.continue();
  });
  const asked = page.waitForRequest(isOfBoth);
  await page.getByLabel("Search people").fill(both);
  const all = page.getByRole("button", { name: /^Select (all|none)$/ });
  await expect(all).toBeDisabled();
  await asked;
  await expect(page.getByRole("button", { name: `Bob Byrne @${bob.username}` })).toBeVisible(); // of the text before
  await expect(all).toBeDisabled();
  answer();
  await all.click();
  await expect(page.getByText("2 chosen")).toBeVisible();
  await expect(page.getByRole("button", { name: `Cleo Carter @${cleo.username}`, pressed: true })).toBeVisible();
});

test("a group's details: renamed, somebody added, somebody removed, left, deleted", async ({ newPage }) => {
  const ann = await Person.signUp(product.url, "Ann Arbor");
  const bob = await Person.signUp(product.url, "Bob Byrne");
  const cleo = await Person.signUp(product.url, "Cleo Carter");
  const dan = await Person.signUp(product.url, "Dan Doyle");
  const id = await ann.group("Team", [bob, dan]);
  const [anns, bobs, cleos] = [await newPage(), await newPage(), await newPage()];
  await signIn(anns, product.url, ann);
  await signIn(bobs, product.url, bob);
  await signIn(cleos, product.url, cleo);
  await rows(bobs).click();
  await expect(bobs.getByRole("heading", { name: "Team" })).toBeVisible();

  await rows(anns).click();
  await anns.getByRole("button", { name: "Details" }).click();
  const panel = anns.getByRole("complementary", { name: "Details" });
  await panel.getByRole("button", { name: "Rename" }).click();
  await panel.getByLabel("Name", { exact: true }).fill("Crew");
  await panel.getByLabel("Description").fill("Who sails");
  await panel.getByRole("button", { name: "Save" }).click();
  await expect(panel.getByText("Who sails")).toBeVisible();
  await expect(bobs.getByRole("heading", { name: "Crew" })).toBeVisible();

  await panel.getByRole("button", { name: "Add people" }).click();
  await anns.getByLabel("Search people").fill(cleo.username);
  await anns.getByRole("button", { name: `Cleo Carter @${cleo.username}` }).click();
  await anns.getByRole("button", { name: "Add", exact: true }).click();
  await expect(panel.getByRole("listitem").filter({ hasText: "Cleo Carter" })).toBeVisible();
  await expect(rows(cleos)).toHaveText([/Crew/]);

  await panel.getByRole("button", { name: "Remove Bob Byrne" }).click();
  await anns.getByRole("button", { name: "Remove", exact: true }).click();
  await expect(bobs.getByRole("heading", { name: "You are no longer in “Crew”" })).toBeVisible();
  await expect(rows(bobs)).toHaveCount(0);
  await bobs.getByRole("button", { name: "Back to the chats" }).click();
  await expect(bobs.getByText("No chats yet")).toBeVisible();
  await bobs.goto(`${product.url}/c/${id}`);
  await expect(bobs.getByRole("heading", { name: "There is no such chat" })).toBeVisible();

  await rows(cleos).click();
  await cleos.getByRole("button", { name: "Details" }).click();
  await cleos.getByRole("button", { name: "Leave the group" }).click();
  await cleos.getByRole("button", { name: "Leave", exact: true }).click();
  await expect(cleos.getByText("No chats yet")).toBeVisible();
  await expect(panel.getByRole("listitem")).toHaveCount(2);

  const dans = await newPage();
  await signIn(dans, product.url, dan);
  await rows(dans).click();
  await panel.getByRole("button", { name: "Delete the chat" }).click();
  await anns.getByRole("button", { name: "Delete", exact: true }).click();
  await expect(anns.getByText("No chats yet")).toBeVisible();
  await expect(dans.getByRole("heading", { name: "“Crew” was deleted" })).toBeVisible();
  await expect(rows(dans)).toHaveCount(0);
});

test("the search finds chats and people, arrows move, Enter opens", async ({ newPage }) => {
  const ann = await Person.signUp(product.url, "Ann Arbor");
  const zoe = await Person.signUp(product.url, "Zoe Zander");
  for (const name of ["Harbour", "Harvest", "Office"]) await ann.group(name, []);
  const page = await newPage();
  await signIn(page, product.url, ann);
  await expect(rows(page)).toHaveText([/Office/, /Harvest/, /Harbour/]);
  await page.getByLabel("Search chats and people").fill("har");
  await expect(rows(page)).toHaveText([/Harvest/, /Harbour/]);
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Enter");
  await expect(page.getByRole("heading", { name: "Harbour" })).toBeVisible();
  await page.getByLabel("Search chats and people").fill("offi");
  await page.keyboard.press("Enter");
  await expect(page.getByRole("heading", { name: "Office" })).toBeVisible();
  await expect(rows(page)).toHaveCount(3);
  await page.getByLabel("Search chats and people").fill(zoe.username);
  await expect(page.getByRole("button", { name: `Zoe Zander @${zoe.username}` })).toBeVisible();
  await page.keyboard.press("Enter");
  await expect(page.getByRole("heading", { name: "Zoe Zander" })).toBeVisible();
});

test("Enter opens whom was typed, not whom the text before has found", async ({ newPage }) => {
  const ann = await Person.signUp(product.url, "Ann Arbor");
  const both = unique("both");
  await Person.signUp(product.url, "Barbara Boss", `${both}ab`);
  await Person.signUp(product.url, "Zed Zander", `${both}zz`);
  const page = await newPage();
  await signIn(page, product.url, ann);
  await page.getByLabel("Search chats and people").fill(both);
  await expect(page.getByRole("button", { name: "Barbara Boss" })).toBeVisible();
  await page.keyboard.type("zz");
  await page.keyboard.press("Enter");
  await expect(page.locator("main h1")).toHaveText("Zed Zander");
});

test("a chat that opens late does not take the focus from who writes meanwhile", async ({ newPage }) => {
  const ann = await Person.signUp(product.url, "Ann Arbor");
  for (const name of ["Harbour", "Office"]) await ann.group(name, []);
  const page = await newPage();
  await signIn(page, product.url, ann);
  let answer = () => {};
  const late = new Promise<void>((resolve) => {
    answer = resolve;
  });
  await page.route("**/graphql", async (route) => {
    if (route.request().postDataJSON().operationName === "OpenConversation") await late;
    await route.continue();
  });
  await rows(page).filter({ hasText: "Harbour" }).click();
  await expect(page.getByRole("heading", { name: "Harbour" })).toBeVisible();
  await page.getByLabel("Search chats and people").click();
  await page.keyboard.type("of");
  answer();
  await expect(page.getByRole("textbox", { name: "Message", exact: true })).toBeVisible();
  await page.keyboard.type("fi");
  await expect(page.getByLabel("Search chats and people")).toHaveValue("offi");
  await page.keyboard.press("Enter");
  await expect(page.getByRole("heading", { name: "Office" })).toBeVisible();
  await expect(page.getByRole("textbox", { name: "Message", exact: true })).toBeFocused();
});

test("a server that is away is said, is tried again, and nothing of the gap is missing", async ({ newPage }) => {
  const own = await Product.start();
  try {
    const ann = await Person.signUp(own.url, "Ann Arbor");
    const bob = await Person.signUp(own.url, "Bob Byrne");
    const withBob = await ann.direct(bob);
    const team = await ann.group("Team", [bob]);
    await bob.send(team, "before");
    const page = await newPage();
    await signIn(page, own.url, ann);
    await expect(rows(page)).toHaveText([/Team.*before/, /Bob/]);
    await page.route("**/config.json", async (route) => {
      const config = await (await route.fetch()).json(); // the server that comes back is another one
      await route.fulfill({ json: { ...config, version: "another" } });
    });
    await own.process.kill();
    await expect(page.getByText(/No connection. Next try in/)).toBeVisible();
    await own.process.start();
    await bob.send(withBob, "while you were away");
    await bob.group("New here", [ann]);
    await ann.remove(team, ann);
    await page
      .getByRole("button", { name: "Try now" })
      .click({ timeout: 5_000 })
      .catch(() => undefined); // or by itself
    await expect(page.getByText(/No connection/)).toBeHidden({ timeout: 35_000 });
    await expect(rows(page)).toHaveText([/New here/, /Bob Byrne.*while you were away.*1 unread message/]);
    await bob.send(withBob, "and now");
    await expect(rows(page).first()).toContainText("and now");
    await page.unroute("**/config.json");
    await page.getByRole("button", { name: "Reload" }).click();
    await expect(rows(page)).toHaveText([/Bob Byrne.*and now/, /New here/]);
  } finally {
    await own.stop();
  }
});
