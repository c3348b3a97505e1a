import { defineMessages } from "react-intl";
import type { Say } from "../lib/text";
import { failureOf } from "./failure";

const texts = defineMessages({
  unreachable: { id: "failure.unreachable", defaultMessage: "The server cannot be reached. Try again in a moment." },
  unavailable: { id: "failure.unavailable", defaultMessage: "The server is not ready. Try again in a moment." },
  limited: {
    id: "failure.limited",
    defaultMessage: "Too often. Try again in {seconds, plural, one {# second} other {# seconds}}.",
  },
  internal: { id: "failure.internal", defaultMessage: "Something went wrong on the server. Try again." },
});

/** What went wrong, for people. What the API says of input and rights is fit to be shown. */
export function failureText(error: unknown, say: Say): string {
  const { code, message, retryAfter } = failureOf(error);
  switch (code) {
    case "UNREACHABLE":
      return say(texts.unreachable);
    case "UNAVAILABLE":
      return say(texts.unavailable);
    case "RATE_LIMITED":
      return say(texts.limited, { seconds: Math.ceil(retryAfter ?? 1) });
    case "INTERNAL_SERVER_ERROR":
      return say(texts.internal);
    default:
      return message;
  }
}
