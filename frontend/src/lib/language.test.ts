import { expect, test } from "vitest";
import { type Language, shownLanguage } from "./language";

const cases: [Language | null, string[], string, string][] = [
  [null, ["en-GB", "de"], "en", "en-GB"],
  [null, ["fr-FR", "de-AT", "en"], "de", "de-AT"],
  [null, ["fr"], "en", "en"],
  [null, [], "en", "en"],
  ["de", ["en-US", "en"], "de", "de"],
  ["en", ["de-DE", "en-AU"], "en", "en-AU"],
  ["mirrored", ["en-US"], "mirrored", "ar"],
];

test.each(cases)("%s chosen, %j preferred: %s, with dates of %s", (chosen, preferred, language, locale) => {
  expect(shownLanguage(chosen, preferred)).toMatchObject({ language, locale });
});
