import type { Say } from "../lib/text";
import { failureOf } from "./failure";
import { texts } from "./texts";

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
