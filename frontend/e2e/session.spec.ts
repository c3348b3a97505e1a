import { Person, password, unique } from "./person";
import { Product } from "./product";
import { expect, rows, signIn, test } from "./test";

let product: Product;
test.beforeAll(async () => {
  product = await Product.start();
});
test.afterAll(() => product.stop());

test("signing up, coming back, signing out; no secret is where scripts can read it", async ({ newPage }) => {
  const page = await newPage();
  const name = unique("newcomer");
  await page.goto(product.url);
  await page.getByRole("button", { name: "New here? Create an account" }).click();
  await page.getByLabel("User name").fill(name);
  await page.getByLabel("E-mail").fill(`${name}@example.org`);
  await page.getByLabel("Display name").fill("New Comer");
  await page.getByLabel("Password").fill("short");
  await page.getByRole("button", { name: "Create account" }).click();
  await expect(page.getByText("That is too short: it takes at least 8 characters.")).toBeVisible();
  await page.getByLabel("Password").fill(password);
  await page.getByRole("button", { name: "Create account" }).click();
  await expect(page.getByText("No chats yet")).toBeVisible();
  await expect(page.getByText("Connected")).toBeVisible();

  const kept = await page.evaluate(() => JSON.stringify({ ...localStorage, ...sessionStorage }));
  expect(kept).not.toMatch(/eyJ|token|password/i);
  const cookies = await page.context().cookies(`${product.url}/auth`);
  expect(cookies).toMatchObject([{ httpOnly: true, sameSite: "Strict", path: "/auth" }]);
  expect(kept).not.toContain(cookies[0]?.value);
  expect(await page.evaluate(() => document.cookie)).toBe("");

  await page.reload();
  await expect(page.getByRole("button", { name: "Your account: New Comer" })).toBeVisible();
  await page.getByRole("button", { name: "Your account: New Comer" }).click();
  await page.getByRole("menuitem", { name: "Sign out" }).click();
  await expect(page.getByRole("heading", { name: "Sign in" })).toBeVisible();
  expect(await page.context().cookies(`${product.url}/auth`)).toEqual([]);
  await page.reload();
  await expect(page.getByRole("heading", { name: "Sign in" })).toBeVisible();
});

test("a name that is taken and a wrong password are said where they are", async ({ newPage }) => {
  const ann = await Person.signUp(product.url, "Ann");
  const page = await newPage();
  await page.goto(product.url);
  await page.getByLabel("User name or e-mail").fill(ann.username);
  await page.getByLabel("Password").fill("not the password");
  await page.getByRole("button", { name: "Sign in" }).click();
  await expect(page.getByRole("alert")).toBeVisible();
  await page.getByRole("button", { name: "New here? Create an account" }).click();
  await page.getByLabel("User name").fill(ann.username);
  await page.getByLabel("E-mail").fill(`${unique("other")}@example.org`);
  await page.getByLabel("Password").fill(password);
  await page.getByRole("button", { name: "Create account" }).click();
  await expect(page.getByText("Another account has that already.")).toBeVisible();
  await expect(page.getByLabel("User name")).toHaveAttribute("aria-invalid", "true");
});

test("a session that was ended elsewhere asks to sign in, and comes back to the same chat", async ({ newPage }) => {
  const ann = await Person.signUp(product.url, "Ann");
  const bob = await Person.signUp(product.url, "Bob");
  await ann.direct(bob);
  const page = await newPage();
  await signIn(page, product.url, ann);
  await rows(page).filter({ hasText: "Bob" }).click();
  await expect(page.getByRole("heading", { name: "Bob" })).toBeVisible();
  const place = page.url();
  await ann.endSessions();
  await expect(page.getByRole("heading", { name: "Your session has ended" })).toBeVisible();
  expect(page.url()).toBe(place);
  await page.getByLabel("User name or e-mail").fill(ann.username);
  await page.getByLabel("Password").fill(password);
  await page.getByRole("button", { name: "Sign in" }).click();
  await expect(page.getByRole("heading", { name: "Bob" })).toBeVisible();
  expect(page.url()).toBe(place);
});

test("tabs share the session: all come back at once, and all leave with one", async ({ newPage }) => {
  const ann = await Person.signUp(product.url, "Ann");
  const first = await newPage();
  await signIn(first, product.url, ann);
  const others = await Promise.all([1, 2, 3].map(() => first.context().newPage()));
  await Promise.all(others.map((page) => page.goto(product.url)));
  await Promise.all([first, ...others].map((page) => page.reload()));
  for (const page of [first, ...others]) {
    await expect(page.getByRole("button", { name: "Your account: Ann" })).toBeVisible();
  }
  await first.getByRole("button", { name: "Your account: Ann" }).click();
  await first.getByRole("menuitem", { name: "Sign out" }).click();
  for (const page of [first, ...others]) await expect(page.getByRole("heading", { name: "Sign in" })).toBeVisible();
});

test("sessions are listed and ended; the password is changed", async ({ newPage }) => {
  const ann = await Person.signUp(product.url, "Ann");
  const [here, there] = [await newPage(), await newPage()];
  await signIn(here, product.url, ann);
  await signIn(there, product.url, ann);
  await here.getByRole("button", { name: "Your account: Ann" }).click();
  await here.getByRole("menuitem", { name: "Settings" }).click();
  await expect(here.getByText("This session")).toBeVisible();
  await here
    .getByRole("button", { name: /^End the session on Chrome/ })
    .first()
    .click();
  await expect(there.getByRole("heading", { name: "Your session has ended" })).toBeVisible();
  await here.getByLabel("Current password").fill(password);
  await here.getByLabel("New password").fill("another horse battery");
  await here.getByRole("button", { name: "Change password" }).click();
  await expect(here.getByText("The password was changed.")).toBeVisible();
  await expect(here.getByText("This session")).toBeVisible();
});
