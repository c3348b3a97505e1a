import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { utimesSync } from "node:fs";
import { join } from "node:path";
import { Person } from "./person";
import { freePort, Product, until } from "./product";
import { expect, signIn, test } from "./test";

const frontend = join(import.meta.dirname, "..");

let product: Product;
let vite: ChildProcess;
let url: string;
test.beforeAll(async () => {
  product = await Product.start();
  const port = await freePort();
  url = `http://localhost:${port}`;
  vite = spawn(process.execPath, ["node_modules/vite/bin/vite.js", `--port=${port}`, "--strictPort"], {
    cwd: frontend,
    env: { ...process.env, PORT: String(product.process.port) },
    stdio: "ignore",
  });
  await until("vite answers", async () => (await fetch(url)).ok);
});
test.afterAll(async () => {
  const ended = once(vite, "exit");
  vite.kill();
  await ended;
  await product.stop();
});

test("while pages are developed they are live, and change without being loaded again", async ({ newPage }) => {
  const ann = await Person.signUp(product.url, "Ann");
  const page = await newPage();
  await signIn(page, url, ann);
  await expect(page.getByText("Connected")).toBeVisible();
  const loads: string[] = [];
  page.on("framenavigated", (frame) => loads.push(frame.url()));
  const updated = page.waitForEvent("console", (message) => message.text().includes("hot updated: /src/ui/Empty.tsx"));
  utimesSync(join(frontend, "src/ui/Empty.tsx"), new Date(), new Date());
  await updated;
  expect(loads).toEqual([]);
  await expect(page.getByText("Connected")).toBeVisible();
});
