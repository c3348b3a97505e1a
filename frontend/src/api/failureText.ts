import type { MessageDescriptor } from "react-intl";
import type { Say } from "../lib/text";
import { failureOf } from "./failure";
import { codes, reasons, texts } from "./texts";

/** A wait from here on is said in minutes (s). */
const inMinutes = 120;

/**
 * What went wrong, for people: the words for its reason, or else for its code, in the language of the page. The API's own words
 * are English, and are not shown.
 */
export function failureText(error: unknown, say: Say): string {
  const { code, reason, limit, retryAfter } = failureOf(error);
  const text = wordsFor(reason, reasons) ?? wordsFor(code, codes) ?? texts.refused;
  const seconds = Math.ceil(retryAfter ?? 1);
  const minutes = seconds < inMinutes ? 0 : Math.ceil(seconds / 60);
  return say(text, { code, limit: limit ?? 0, seconds, minutes });
}

function wordsFor(name: string | undefined, all: Record<string, MessageDescriptor>): MessageDescriptor | undefined {
  return name !== undefined && Object.hasOwn(all, name) ? all[name] : undefined;
}
