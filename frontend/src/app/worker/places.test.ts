import { expect, test } from "vitest";
import { shellPath } from "./places";

test("the places of the UI are shown without a server, and nothing else is", () => {
  for (const path of ["/", "/settings", "/c/0199b0e2/details", "/?source=icon", "/graphs", "/c/1?at=2.5"]) {
    expect(shellPath.test(path), path).toBe(true);
  }
  for (const path of [
    "/graphql",
    "/graphql?query=x",
    "/auth/refresh",
    "/config.json",
    "/healthz",
    "/readyz",
    "/icon.svg",
  ]) {
    expect(shellPath.test(path), path).toBe(false);
  }
});
