import { existsSync } from "node:fs";
import { defineConfig, devices } from "@playwright/test";

/** Playwright's own browsers are not used: the system's is. */
const chromium = [
  process.env.CHROMIUM,
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
].find((path) => path && existsSync(path));

export default defineConfig({
  testDir: "e2e",
  outputDir: "node_modules/.cache/playwright",
  globalSetup: "./e2e/build.ts",
  fullyParallel: false,
  workers: 2,
  timeout: 180_000, // whatever else the machine does
  expect: { timeout: 20_000 },
  reporter: [["list"]],
  use: {
    ...devices["Desktop Chrome"],
    viewport: { width: 1280, height: 800 },
    locale: "en-GB",
    timezoneId: "UTC",
    contextOptions: { reducedMotion: "reduce" },
    serviceWorkers: "block", // what it fetches is hidden from tests that hold answers back; its own tests allow it
    trace: "retain-on-failure",
    launchOptions: {
      executablePath: chromium,
      args: process.getuid?.() === 0 ? ["--no-sandbox"] : [], // root may not have one
    },
  },
});
