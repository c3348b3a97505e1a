import { Person, password, unique } from "./person";
import { Product } from "./product";
import { expect, test } from "./test";

/** How many sign-ins an address has before it is too quick. */
const logins = 5;

let product: Product;
test.beforeAll(async () => {
  product = await Product.start("--rate-limits=on", `--rate=login=${logins}/1h`);
});
test.afterAll(() => product.stop());

test("what the API refuses is said in the language of the page", async ({ newPage }) => {
  const [root, ann] = [await Person.signUp(product.url, "Root"), await Person.signUp(product.url, "Ann")]; // two sign-ins
  const page = await newPage({ locale: "de-DE" });
  await page.goto(product.url);
  const signIn = async (secret: string) => {
    await page.getByLabel("Benutzername oder E-Mail").fill(ann.username);
    await page.getByLabel("Passwort").fill(secret);
    await page.getByRole("button", { name: "Anmelden" }).click();
  };
  await signIn("not the password");
  await expect(page.getByRole("alert")).toHaveText("Der Name oder das Passwort ist falsch.");

  await page.getByRole("button", { name: "Neu hier? Konto anlegen" }).click();
  const below = (field: string) => page.getByRole("textbox", { name: field });
  await below("Benutzername").fill(ann.username.toUpperCase());
  await below("E-Mail").fill(`${unique("other")}@example.org`);
  await below("Passwort").fill("short");
  const create = page.getByRole("button", { name: "Konto anlegen" });
  await create.click();
  await expect(below("Passwort")).toHaveAccessibleDescription("Das ist zu kurz: mindestens 8 Zeichen.");
  await below("Passwort").fill(password);
  await create.click();
  await expect(below("Benutzername")).toHaveAccessibleDescription("Das hat schon ein anderes Konto.");

  await page.getByRole("button", { name: "Du hast schon ein Konto? Anmelden" }).click();
  await signIn(password);
  await expect(page.getByRole("navigation", { name: "Chats" })).toBeVisible();
  await page.goto(`${product.url}/settings`);
  const rename = async (name: string) => {
    await below("Anzeigename").fill(name);
    await page.getByRole("button", { name: "Speichern" }).click();
  };
  await rename("x".repeat(101));
  await expect(below("Anzeigename")).toHaveAccessibleDescription("Das ist zu lang: höchstens 100 Zeichen.");

  // The page offers nothing that one may not do, so the account that it names becomes another's on the way.
  await page.route(/\/graphql$/, (route) =>
    route.continue({ postData: (route.request().postData() ?? "").replaceAll(ann.id, root.id) }),
  );
  await rename("Somebody else");
  await expect(below("Anzeigename")).toHaveAccessibleDescription("Das darfst du nicht.");
  await page.unrouteAll();

  await page.context().clearCookies();
  await page.goto(product.url);
  await signIn("not the password");
  await expect(page.getByRole("alert")).toHaveText("Der Name oder das Passwort ist falsch."); // the last
  await signIn(password);
  await expect(page.getByRole("alert")).toHaveText(/^Zu oft\. Versuche es in \d+ Minuten noch einmal\.$/);
});
