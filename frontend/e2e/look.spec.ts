import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import type { Page } from "@playwright/test";
import { Person } from "./person";
import { Product } from "./product";
import { expect, rows, signIn, test } from "./test";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
/** npm run screenshots takes those of docs; a test run leaves them as they are, because what they show has a time. */
const shots = process.env.SCREENSHOTS ? join(import.meta.dirname, "../../docs/screenshots") : undefined;

const forms = {
  desktop: { viewport: { width: 1280, height: 800 } },
  phone: { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true },
};

let product: Product;
test.beforeAll(async () => {
  product = await Product.start();
});
test.afterAll(() => product.stop());

/** What axe finds that is serious. The policy lets no script in from outside, so it is run as one of the test's own. */
async function serious(page: Page): Promise<string[]> {
  await page.evaluate(axe);
  const found = await page.evaluate(() =>
    (window as unknown as { axe: { run(): Promise<{ violations: Violation[] }> } }).axe.run(),
  );
  return found.violations
    .filter(({ impact }) => impact === "serious" || impact === "critical")
    .map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(" ")}`);
}

interface Violation {
  id: string;
  impact: string;
  nodes: { html: string }[];
}

for (const colorScheme of ["light", "dark"] as const) {
  for (const [form, device] of Object.entries(forms)) {
    test(`${form}, ${colorScheme}: nothing serious is found, and it looks like this`, async ({ newPage }) => {
      const people = await team();
      const page = await newPage({ colorScheme, ...device });
      const show = async (name: string) => {
        await page.evaluate(() => Promise.all(document.getAnimations().map(({ finished }) => finished)));
        expect(await serious(page), `${name} in ${form}, ${colorScheme}`).toEqual([]);
        if (shots) await page.screenshot({ path: join(shots, `${name}-${form}-${colorScheme}.png`) });
      };
      await page.goto(product.url);
      await expect(page.getByRole("heading", { name: "Sign in" })).toBeVisible();
      await show("sign-in");

      await signIn(page, product.url, people.ann);
      await expect(rows(page)).toHaveCount(7);
      await page.reload();
      await expect(rows(page)).toHaveCount(7);
      await show("chats");
      await rows(page).filter({ hasText: "Launch" }).click();
      await expect(page.getByRole("heading", { name: "Launch" })).toBeVisible();
      await page.getByRole("button", { name: "Details" }).click();
      await expect(page.getByText("5 members").last()).toBeVisible();
      await show("details");
      await page.goto(product.url);
      await page.getByRole("button", { name: "New chat" }).click();
      await page.getByRole("menuitem", { name: "New group" }).click();
      await page.getByLabel("Name", { exact: true }).fill("Reading circle");
      await page.getByRole("button", { name: /^Cleo Carter/ }).click();
      await show("new-group");
      await page.keyboard.press("Escape");
      await page.getByRole("button", { name: "Your account: Ann Arbor" }).click();
      await show("account-menu");
      await page.getByRole("menuitem", { name: "Settings" }).click();
      await expect(page.getByText("This session")).toBeVisible();
      await show("settings");
    });
  }
}

/** A few people who have talked. */
let made: Promise<{ ann: Person }> | undefined;
function team() {
  made ??= (async () => {
    const names = ["Ann Arbor", "Bob Byrne", "Cleo Carter", "Dan Doyle", "Eva Ericsson", "Faruk Fidan"];
    const [ann, bob, cleo, dan, eva, faruk] = (await Promise.all(
      names.map((name) => Person.signUp(product.url, name, name.split(" ")[0]?.toLowerCase())),
    )) as [Person, Person, Person, Person, Person, Person];
    const say = async (chat: string, ...lines: [Person, string][]) => {
      for (const [who, text] of lines) await who.send(chat, text);
    };
    await say(await ann.direct(faruk), [ann, "Are you coming on Friday?"]);
    await say(
      await dan.direct(ann),
      [dan, "The invoices are in the folder."],
      [ann, "Thanks, I'll look at them tonight."],
    );
    const gone = await ann.group("Book club", [cleo, eva], "One book a month");
    await eva.deleteMessage(await eva.send(gone, "Wrong chat"));
    await say(await ann.direct(eva), [eva, "https://example.org/a/very/long/link/that/goes/on/and/on/for/ever"]);
    await say(await ann.group("Office", [bob, cleo, dan, eva, faruk]), [bob, "The coffee machine works again!"]);
    const launch = await ann.group(
      "Launch",
      [bob, cleo, dan, eva],
      "Everything until the release on Tuesday.\nNotes are in the wiki.",
    );
    await say(
      launch,
      [bob, "The build is green."],
      [cleo, "I have read the notes twice, they are good."],
      [ann, "Then we are nearly there."],
      [dan, "One more thing about the migration: it takes four minutes on the copy of last night."],
    );
    await say(await bob.direct(ann), [bob, "Good morning!"], [bob, "Do you have a minute?"]);
    return { ann };
  })();
  return made;
}
