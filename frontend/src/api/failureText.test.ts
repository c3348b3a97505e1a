import { readFileSync } from "node:fs";
import { createIntl } from "react-intl";
import { expect, test } from "vitest";
import type { Say } from "../lib/text";
import { Failure, failureOfAnswer } from "./failure";
import { failureText } from "./failureText";
import { reasons } from "./texts";

const say: Say = (message, values) => createIntl({ locale: "en" }).formatMessage(message, values);

/** What a table of the document names, which is made from the code of the API. */
function made(part: string): string[] {
  const document = readFileSync("../docs/ERRORS.md", "utf8");
  const table = document.split(`<!-- made: ${part} -->`)[1]?.split("<!-- end -->")[0] ?? "";
  return [...table.matchAll(/^\| ([A-Z_]+) \|/gm)].map(([, name]) => name as string);
}

test("every reason of the API has a text, and there are no others", () => {
  expect(made("reasons").length).toBeGreaterThan(10);
  expect(Object.keys(reasons).toSorted()).toEqual(made("reasons").toSorted());
});

test("no error of the API is shown in its own words", () => {
  const message = "the words of the API";
  expect(made("codes").length).toBeGreaterThan(10);
  for (const code of [...made("codes"), "A_NEW_ONE"]) {
    for (const reason of [undefined, "A_NEW_ONE", "constructor", ...made("reasons")]) {
      const text = failureText(failureOfAnswer([{ message, extensions: { code, reason } }]), say);
      expect(text).toMatch(/^[A-Z].+\.$/s);
      expect(text).not.toContain(message);
    }
  }
  expect(failureText(new TypeError(message), say)).toBe("The server cannot be reached. Try again in a moment.");
});

test.each([
  [{ code: "BAD_USER_INPUT", reason: "TOO_LONG", limit: 20_000 }, "That is too long: at most 20,000 characters."],
  [{ code: "BAD_USER_INPUT", reason: "TOO_LONG" }, "That is too long."],
  [{ code: "BAD_USER_INPUT", reason: "TOO_SHORT", limit: 8 }, "That is too short: it takes at least 8 characters."],
  [{ code: "BAD_USER_INPUT", reason: "A_NEW_ONE" }, "The server does not take that."],
  [{ code: "FORBIDDEN" }, "You may not do that."],
  [{ code: "GRAPHQL_VALIDATION_FAILED" }, "The server has refused that (GRAPHQL_VALIDATION_FAILED)."],
  [{ code: "RATE_LIMITED", retryAfter: 1.2 }, "Too often. Try again in 2 seconds."],
  [{ code: "RATE_LIMITED", retryAfter: 119 }, "Too often. Try again in 119 seconds."],
  [{ code: "RATE_LIMITED", retryAfter: 120.5 }, "Too often. Try again in 3 minutes."],
])("%o", ({ code, ...details }, text) => {
  expect(failureText(new Failure(code, "no", details), say)).toBe(text);
});
