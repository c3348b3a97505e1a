import type { Page } from "@playwright/test";
import { Fleet } from "./fleet";
import { Person } from "./person";
import { Product } from "./product";
import { forms, inspect } from "./sight";
import { expect, rows, signIn, test } from "./test";

const fleet = new Fleet();
test.beforeAll(() => fleet.start());
test.afterAll(() => fleet.stop());

type Name = "Messages between two panes" | "Unread indicators" | "Automated run";

/** Somebody signs in and goes to a test page, by the menu that chooses the instances. */
async function lab(page: Page, name: Name) {
  const dan = await fleet.person("Dan Doyle", 0);
  await signIn(page, fleet.url, dan);
  await page.getByRole("button", { name: /^Connected to/ }).click();
  await page.getByRole("menuitem", { name: "Test pages" }).click();
  await expect(page.getByRole("heading", { name: "Test pages" })).toBeVisible();
  await page.getByRole("link", { name }).click();
  await expect(page.getByRole("heading", { name, level: 1 })).toBeVisible();
  return dan;
}

const pane = (page: Page, n: 1 | 2) => page.getByRole("region", { name: new RegExp(`^Pane ${n}`) });

/** Chooses for a pane, by the names of its fields. */
async function choose(page: Page, n: 1 | 2, fields: Record<string, string>) {
  for (const [label, option] of Object.entries(fields)) {
    await pane(page, n).getByLabel(label, { exact: true }).selectOption(option);
  }
}

async function start(page: Page) {
  await page.getByRole("button", { name: "Start" }).click();
  await expect(page.getByRole("status").filter({ hasText: /^Connected$/ })).toHaveCount(2);
}

async function say(page: Page, n: 1 | 2, text: string) {
  await pane(page, n).getByLabel("Message", { exact: true }).fill(text);
  await pane(page, n).getByLabel("Message", { exact: true }).press("Enter");
}

/** What a pane says has come. */
const verdict = (page: Page, n: 1 | 2) => pane(page, n).getByRole("list", { name: "What has come" });
const resumes = (page: Page, n: 1 | 2) => pane(page, n).getByRole("list", { name: "Resumes" }).getByRole("listitem");
const lines = (page: Page, n: 1 | 2) => pane(page, n).getByRole("log").getByRole("listitem");

/** Where a page's calls of one operation went, by port. */
function calls(page: Page, operation: string): number[] {
  const ports: number[] = [];
  page.on("requestfinished", (request) => {
    if (request.postData()?.includes(operation)) ports.push(Number(new URL(request.url()).port));
  });
  return ports;
}

test("two people on different instances write to each other, and every message is timed", async ({ newPage }) => {
  const page = await newPage();
  const [sends, removed] = [calls(page, "mutation LabSend"), calls(page, "mutation LabRemoveUser")];
  await lab(page, "Messages between two panes");
  await start(page);
  await expect(page.getByRole("heading", { level: 1 })).toBeFocused(); // the button that was pressed is gone
  await say(page, 1, "hello Ben");
  await expect(lines(page, 2)).toHaveText(/hello Ben.*seq 1 · answered in [\d.,]+ ms · here after [\d.,]+ ms/);
  await say(page, 2, "hello Ada");
  await expect(lines(page, 1).last()).toHaveText(/hello Ada.*seq 2 · answered in .* · here after/);
  expect(sends).toEqual(fleet.roles.sender.map(({ port }) => port));
  await choose(page, 1, { Sender: "Sender 2" });
  await pane(page, 1).getByRole("button", { name: "Send 10" }).click();
  await expect(lines(page, 2)).toHaveCount(12);
  expect(new Set(sends.slice(2))).toEqual(new Set([fleet.roles.sender[1]?.port]));
  for (const n of [1, 2] as const) {
    await expect(verdict(page, n)).toHaveText("Up to seq 12: none missing, none doubled.");
  }
  const table = page.getByRole("table");
  await expect(table.getByRole("rowheader")).toHaveText([
    "Sender 1 → Receiver 1",
    "Sender 1 → Receiver 2",
    "Sender 2 → Receiver 1",
    "Sender 2 → Receiver 2",
  ]);
  await expect(table.getByRole("row").nth(3).getByRole("cell")).toHaveText(["11", / ms$/, / ms$/, / ms$/]);
  expect(await inked(page)).toBeGreaterThan(200);

  await page.getByRole("button", { name: "Back to the chats" }).click();
  await expect.poll(() => removed.length).toBe(2);
  await expect(page.getByRole("heading", { name: "No chats yet" })).toBeVisible();
});

/** How many points of the plot have a colour of its lines: it is drawn, and not only there. */
function inked(page: Page): Promise<number> {
  return page.locator("canvas").evaluate((canvas: HTMLCanvasElement) => {
    const { data } = canvas.getContext("2d")?.getImageData(0, 0, canvas.width, canvas.height) ?? { data: [] };
    let count = 0;
    for (let i = 0; i < data.length; i += 4) {
      const [r = 0, g = 0, b = 0, alpha = 0] = data.slice(i, i + 4);
      if (alpha > 128 && Math.max(r, g, b) - Math.min(r, g, b) > 60) count++;
    }
    return count;
  });
}

test("a dropped socket and skipped news are made up for after the last seq, at another receiver too", async ({
  newPage,
}) => {
  const page = await newPage();
  await lab(page, "Messages between two panes");
  await start(page);
  await say(page, 1, "before");
  await expect(lines(page, 2)).toHaveCount(1);

  await pane(page, 2).getByRole("button", { name: "Drop the socket" }).click();
  await expect(pane(page, 2).getByText("Not connected")).toBeVisible();
  for (const text of ["one", "two", "three"]) await say(page, 1, text);
  await expect(lines(page, 1)).toHaveCount(4);
  await expect(lines(page, 2)).toHaveCount(1);
  await expect(resumes(page, 2)).toHaveText([
    "Connected again: resumed after seq 1, 3 rows came, up to 4. None missing, none doubled.",
  ]);
  await expect(lines(page, 2).last()).toHaveText(/three.*with a resume/);

  await pane(page, 2).getByRole("button", { name: "Skip live news" }).click();
  for (const text of ["four", "five"]) await say(page, 1, text);
  await expect(pane(page, 2).getByText("2 rows thrown away so far.")).toBeVisible();
  await expect(lines(page, 2)).toHaveCount(4);
  await pane(page, 2).getByRole("button", { name: "Listen again" }).click();
  await expect(resumes(page, 2).first()).toHaveText(
    "Listening again: resumed after seq 4, 2 rows came, up to 6. None missing, none doubled.",
  );
  await expect(lines(page, 2)).toHaveCount(6);

  await choose(page, 2, { Receiver: "Receiver 1" });
  await expect(resumes(page, 2).first()).toHaveText("Connected again: resumed after seq 6. Nothing had been missed.");
  await say(page, 1, "six");
  await expect(lines(page, 2)).toHaveCount(7);
  await expect(verdict(page, 2)).toHaveText("Up to seq 7: none missing, none doubled.");
});

test("one person sits at both panes, as who is signed in, and nothing of it stays", async ({ newPage }) => {
  const page = await newPage();
  await lab(page, "Messages between two panes");
  await choose(page, 1, { Person: "You" });
  await choose(page, 2, { Person: "You" });
  await start(page);
  await expect(page.getByRole("heading", { name: "Dan Doyle" })).toHaveCount(2);
  await say(page, 1, "from one to the other");
  await expect(lines(page, 2)).toHaveText(/from one to the other/);
  await page.getByRole("button", { name: "End", exact: true }).click();
  await expect(page.getByRole("button", { name: "Start" })).toBeVisible();
  await page.getByRole("button", { name: "Back to the chats" }).click();
  await expect(page.getByRole("heading", { name: "No chats yet" })).toBeVisible();
  await expect(rows(page)).toHaveCount(0);
});

for (const [how, leave] of [
  ["closed", (page: Page) => page.close()],
  ["loaded again", (page: Page) => page.reload()],
] as const) {
  test(`nothing stays of a page that is ${how}: neither people nor chats`, async ({ newPage }) => {
    const page = await newPage();
    const made: string[] = [];
    page.on("response", async (response) => {
      if (!response.request().postData()?.includes("mutation LabCreateUser")) return;
      made.push((await response.json()).data.createUser.id);
    });
    const dan = await lab(page, "Unread indicators");
    await choose(page, 2, { Person: "You" });
    await start(page);
    await page.getByRole("button", { name: "Write in “Test: harbour”" }).click();
    await expect(chat(page, 2).getByRole("status")).toHaveText(/^1 unread message/);
    const chats = () => dan.read<{ chats: unknown[] }>("query { chats { id } }", {});
    expect(made.length).toBeGreaterThan(1);
    expect((await chats()).chats).toHaveLength(2);
    await leave(page);
    for (const id of made) await expect.poll(() => dan.isActive(id)).toBe(false);
    await expect.poll(async () => (await chats()).chats).toEqual([]);
  });
}

test("where nobody can be made it is said why", async ({ newPage }) => {
  const page = await newPage();
  await lab(page, "Messages between two panes");
  await page.route("**/graphql", (route) => {
    if (!route.request().postData()?.includes("mutation LabCreateUser")) return route.fallback();
    const extensions = { code: "FORBIDDEN", reason: "SIGNUP_CLOSED" };
    return route.fulfill({ json: { data: null, errors: [{ message: "No", extensions }] } });
  });
  await page.getByRole("button", { name: "Start" }).click();
  await expect(page.getByRole("alert")).toHaveText(/Signing up is closed/);
  await page.unroute("**/graphql");
  await start(page);
});

/** A chat in the list of a pane. */
const chat = (page: Page, n: 1 | 2, name = "Test: harbour") => pane(page, n).getByRole("listitem", { name });

test("what is unread is counted on both devices of somebody, and is read on both at once", async ({ newPage }) => {
  const page = await newPage();
  await lab(page, "Unread indicators");
  await start(page);
  for (let i = 0; i < 2; i++) await page.getByRole("button", { name: "Write in “Test: harbour”" }).click();
  await page.getByRole("button", { name: "Write in “Test: lighthouse”" }).click();
  for (const n of [1, 2] as const) {
    await expect(chat(page, n).getByRole("status")).toHaveText(/^2 unread messages · [\d.,]+ ms after the last press$/);
    await expect(chat(page, n, "Test: lighthouse").getByRole("status")).toHaveText(/^1 unread message ·/);
  }
  await chat(page, 1).getByRole("button", { name: "Mark as read" }).click();
  for (const n of [1, 2] as const) {
    await expect(chat(page, n).getByRole("status")).toHaveText(/^Nothing unread · [\d.,]+ ms after the last press$/);
    await expect(chat(page, n).getByRole("button", { name: "Mark as read" })).toBeDisabled();
    await expect(chat(page, n, "Test: lighthouse").getByRole("status")).toHaveText(/^1 unread message ·/);
  }
});

test("what one of two people writes is unread to the other alone", async ({ newPage }) => {
  const page = await newPage();
  await lab(page, "Unread indicators");
  await choose(page, 2, { Person: "Ben" });
  await start(page);
  await chat(page, 1).getByRole("button", { name: "Write" }).click();
  await expect(chat(page, 2).getByRole("status")).toHaveText(/^1 unread message/);
  await page.getByRole("button", { name: "Write in “Test: harbour”" }).click();
  await expect(chat(page, 2).getByRole("status")).toHaveText(/^2 unread messages/);
  await expect(chat(page, 1).getByRole("status")).toHaveText(/^1 unread message/);
  await chat(page, 2).getByRole("button", { name: "Mark as read" }).click();
  await expect(chat(page, 2).getByRole("status")).toHaveText(/^Nothing unread/);
  await expect(chat(page, 1).getByRole("status")).toHaveText(/^1 unread message/);
});

/** Runs everything, and waits for its end. */
async function run(page: Page) {
  await page.getByRole("button", { name: "Run everything" }).click();
  await expect(page.getByRole("button", { name: "Run everything" })).toBeEnabled({ timeout: 120_000 });
}

test("a run over every role passes, with its times, and measures every way", async ({ newPage }) => {
  test.setTimeout(240_000);
  const page = await newPage();
  await lab(page, "Automated run");
  await expect(page.getByText("Not run yet.")).toBeVisible();
  await run(page);
  expect(await page.getByRole("definition").allTextContents()).toEqual([]); // what was expected, where something failed
  await expect(page.getByRole("status").filter({ hasText: "37 passed, 0 failed" })).toBeAttached();
  await expect(page.getByText("37 of 37")).toBeVisible();
  const checks = page.getByRole("region", { name: "Results" }).getByRole("listitem");
  await expect(checks).toHaveText(Array.from({ length: 37 }, () => /\(passed\).* ms$/));
  await expect(page.getByRole("rowheader")).toHaveCount(4);
  await expect(page.getByRole("row").nth(1).getByRole("cell").first()).toHaveText("10");
});

test("a check that fails tells what was expected and what came instead", async ({ newPage }) => {
  test.setTimeout(240_000);
  const page = await newPage();
  await lab(page, "Automated run");
  await page.route("**/graphql", async (route) => {
    if (!route.request().postData()?.includes("mutation LabEdit")) return route.fallback();
    const response = await route.fetch();
    return route.fulfill({ response, body: (await response.text()).replace('"isEdited":true', '"isEdited":false') });
  });
  await run(page);
  await expect(page.getByText("36 passed, 1 failed").first()).toBeVisible();
  const failed = page.getByRole("listitem").filter({ hasText: "(failed)" });
  await expect(failed).toHaveText(/An edit is heard/);
  await expect(failed.getByRole("definition")).toHaveText(["updateMessage.isEdited", "true", "false"]);
});

for (const [name, args] of [
  ["where everybody is believed", ["--auth=none"]],
  ["where one process does everything, within its limits", ["--rate-limits=on"]],
] as const) {
  test(`the pages work ${name}`, async ({ newPage }) => {
    test.setTimeout(240_000);
    const product = await Product.start(...args);
    try {
      const page = await newPage();
      if (args[0] === "--auth=none") {
        const dan = await Person.join(product.url, "Dan Doyle");
        await page.goto(product.url);
        await page.getByLabel("User name").fill(dan.username);
        await page.getByRole("button", { name: "Join" }).click();
        await page.getByRole("button", { name: "Connected", exact: true }).click();
        await page.getByRole("menuitem", { name: "Test pages" }).click();
      } else {
        await signIn(page, product.url, await Person.signUp(product.url, "Dan Doyle"));
        await page.goto(`${product.url}/lab`);
      }
      await page.getByRole("link", { name: "Messages", exact: true }).click();
      await start(page);
      await say(page, 2, "hello");
      await expect(lines(page, 1)).toHaveText(/hello.*here after/);
      await page.getByRole("link", { name: "Unread", exact: true }).click();
      await start(page);
      await page.getByRole("button", { name: "Write in “Test: harbour”" }).click();
      await expect(chat(page, 2).getByRole("status")).toHaveText(/^1 unread message/);
      await page.getByRole("link", { name: "Run", exact: true }).click();
      await run(page);
      expect(await page.getByRole("definition").allTextContents()).toEqual([]);
      await expect(page.getByText(/^\d+ passed, 0 failed$/).first()).toBeVisible();
      await expect(page.getByText("37 of 37")).toBeVisible();
    } finally {
      await product.stop();
    }
  });
}

for (const colorScheme of ["light", "dark"] as const) {
  for (const [form, device] of Object.entries(forms)) {
    test(`${form}, ${colorScheme}: everybody can use the test pages, and nothing is cut off`, async ({ newPage }) => {
      test.setTimeout(240_000);
      const page = await newPage({ colorScheme, ...device });
      const dan = await fleet.person("Dan Doyle", 0);
      await signIn(page, fleet.url, dan);
      const show = (name: string) => inspect(page, `${name}-${form}-${colorScheme}`);
      await page.goto(`${fleet.url}/lab`);
      await expect(page.getByRole("heading", { name: "Test pages" })).toBeVisible();
      await show("lab");
      await page.getByRole("link", { name: "Messages", exact: true }).click();
      await show("lab-start");
      await start(page);
      await say(page, 1, "Are the instances talking to each other?");
      await expect(lines(page, 2)).toHaveCount(1);
      await say(page, 2, "They are.");
      await pane(page, 1).getByRole("button", { name: "Send 10" }).click();
      await expect(lines(page, 2)).toHaveCount(12);
      await pane(page, 2).getByRole("button", { name: "Skip live news" }).click();
      await say(page, 1, "Did you hear that?");
      await expect(pane(page, 2).getByText("1 row thrown away")).toBeVisible();
      await pane(page, 2).getByRole("button", { name: "Listen again" }).click();
      await expect(resumes(page, 2)).toHaveText(/1 row came/);
      await expect(page.locator("canvas")).toBeVisible();
      await show("lab-messaging");
      await page.getByRole("table").scrollIntoViewIfNeeded();
      await show("lab-latency");
      await page.getByRole("link", { name: "Unread", exact: true }).click();
      await start(page);
      for (let i = 0; i < 3; i++) await page.getByRole("button", { name: "Write in “Test: harbour”" }).click();
      await expect(chat(page, 2).getByRole("status")).toHaveText(/^3 unread messages/);
      await show("lab-unread");
      await page.getByRole("link", { name: "Run", exact: true }).click();
      await page.route("**/graphql", (route) =>
        route.request().postData()?.includes("mutation LabEdit") ? route.fulfill({ json: {} }) : route.fallback(),
      );
      await run(page);
      await show("lab-run");
      await page.getByRole("listitem").filter({ hasText: "(failed)" }).first().scrollIntoViewIfNeeded();
      await show("lab-failure");
    });
  }
}

for (const [language, title] of [
  ["de", "Testseiten"],
  ["mirrored", "Test pages"],
] as const) {
  test(`on a phone the pages fit in other languages too: ${language}`, async ({ newPage }) => {
    const page = await newPage(forms.phone);
    await signIn(page, fleet.url, await fleet.person("Dan Doyle", 0));
    await page.evaluate((one) => localStorage.setItem("chat.language", one), language);
    await page.goto(`${fleet.url}/lab`);
    await expect(page.getByRole("heading", { name: title })).toBeVisible();
    const show = (name: string) => inspect(page, `${name}-phone-${language}`);
    await show("lab");
    for (const name of ["messaging", "unread"]) {
      await page.locator(`nav a[href="/lab/${name}"]`).click();
      await show(`lab-${name}-start`);
      await page.getByRole("button", { name: /^Start/ }).click();
      await expect(page.getByRole("status").filter({ hasText: /^(Connected|Verbunden)$/ })).toHaveCount(2);
      await show(`lab-${name}`);
    }
    await page.locator('nav a[href="/lab/run"]').click();
    await show("lab-run-start");
  });
}
