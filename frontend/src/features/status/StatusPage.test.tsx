import { cleanup, render, screen } from "@testing-library/react";
import { afterEach, expect, test, vi } from "vitest";
import { StatusPage } from "./StatusPage";

afterEach(() => {
  cleanup();
  vi.unstubAllGlobals();
});

function answer(bodies: Record<string, unknown>) {
  vi.stubGlobal("fetch", (path: string) =>
    path in bodies ? Promise.resolve(Response.json(bodies[path])) : Promise.reject(new Error("unreachable")),
  );
}

test("says what runs here", async () => {
  answer({
    "/healthz": { status: "ok", version: "v1.2.3", role: "all" },
    "/readyz": { status: "ready" },
    "/graphql": { data: { health: "ok" } },
  });
  render(<StatusPage />);
  expect(await screen.findByText("v1.2.3")).toBeTruthy();
  expect(await screen.findByText("answers")).toBeTruthy();
  expect(await screen.findByText("ready")).toBeTruthy();
  expect(screen.getByRole("link", { name: "Explore the API" }).getAttribute("href")).toBe("/graphql");
});

test("names what is not ready, and what does not answer", async () => {
  answer({ "/readyz": { status: "unready", failing: { database: "out of reach" } } });
  render(<StatusPage />);
  expect(await screen.findByText("not ready: database")).toBeTruthy();
  expect(await screen.findByText("does not answer")).toBeTruthy();
});

test("a server of pages alone promises no API", async () => {
  answer({
    "/healthz": { status: "ok", version: "v1.2.3", role: "ui" },
    "/readyz": { status: "ready" },
  });
  render(<StatusPage />);
  expect(await screen.findByText(/the pages alone/)).toBeTruthy();
  expect(screen.queryByRole("link")).toBeNull();
});
