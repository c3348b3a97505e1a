import type { Page } from "@playwright/test";
import { composer, message, openChat } from "./conversation";
import { pretend } from "./pretend";
import { Product } from "./product";
import { forms, inspect } from "./sight";
import { type Team, team } from "./team";
import { expect, rows, signIn, test } from "./test";

for (const colorScheme of ["light", "dark"] as const) {
  for (const [form, device] of Object.entries(forms)) {
    test(`${form}, ${colorScheme}: everybody can use it, nothing is cut off, and it looks like this`, async ({
      newPage,
    }) => {
      test.setTimeout(120_000);
      const product = await Product.start();
      try {
        const story = await team(product.url);
        const page = await newPage({ colorScheme, ...device });
        await pretend(page, story.moments);
        await tour(page, product.url, story, (name) => inspect(page, `${name}-${form}-${colorScheme}`));
      } finally {
        await product.stop();
      }
    });
  }
}

/** Goes through the main views, and shows each. */
async function tour(page: Page, url: string, { ann, launch, goOn }: Team, show: (name: string) => Promise<void>) {
  await page.goto(url);
  await expect(page.getByRole("heading", { name: "Sign in" })).toBeVisible();
  await show("sign-in");

  await signIn(page, url, ann);
  await openChat(page, url, launch);
  await expect(message(page, "Four is fine").getByRole("button", { name: "Read by 2 of 4" })).toBeVisible();
  await page.route("**/graphql", (route) =>
    route.request().postData()?.includes("createMessage") ? route.abort("connectionreset") : route.fallback(),
  );
  await composer(page).fill("I'll write the announcement meanwhile.");
  await page.getByRole("button", { name: "Send" }).click(); // on a phone, Enter breaks the line
  await expect(page.getByRole("img", { name: /Waiting to be sent|Sending/ })).toBeVisible();
  await page.goto(url);
  await expect(rows(page)).toHaveCount(5);
  await goOn();
  await expect(rows(page)).toHaveCount(7);
  await expect(page).toHaveTitle("(6) chat");
  await page.reload(); // what comes live has the time that it is
  await expect(rows(page).filter({ hasText: "Launch" })).toContainText("09:38");
  await show("chats");

  await rows(page).filter({ hasText: "Launch" }).click();
  await expect(page.getByText("New messages", { exact: true })).toBeInViewport();
  await page.getByRole("log").evaluate((log) => log.scrollTo(0, log.scrollHeight));
  await expect(message(page, "You are the best").getByRole("button", { name: "Sent", exact: true })).toBeVisible();
  await expect(page.getByRole("img", { name: /Waiting to be sent|Sending/ })).toBeInViewport();
  await expect(page).toHaveTitle("(4) chat"); // what is in sight was read
  await show("conversation");
  await message(page, "Four is fine").getByRole("button", { name: "Read by 2 of 4" }).click();
  await expect(page.getByRole("dialog", { name: "Read by" }).getByRole("listitem")).toHaveCount(2);
  await show("readers");
  await page.keyboard.press("Escape");
  await page.getByRole("button", { name: "Details" }).click();
  await expect(page.getByText("5 members").last()).toBeVisible();
  await show("details");

  await page.goto(url);
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
}
