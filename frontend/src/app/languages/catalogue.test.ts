import { createIntl, type MessageDescriptor } from "react-intl";
import { expect, test } from "vitest";
import { loadCatalogue } from "./catalogue";

const sources = import.meta.glob<Record<string, Record<string, MessageDescriptor>>>("../../**/texts.ts", {
  eager: true,
});
const texts = Object.values(sources).flatMap((source) => Object.values(source).flatMap((all) => Object.values(all)));
const german = (await loadCatalogue("de")) ?? {};

/** The names of what is filled into a text. */
function filled(text: unknown): string[] {
  return [...new Set([...String(text).matchAll(/\{(\w+)[,}]/g)].map(([, name]) => name ?? ""))].toSorted();
}

test("every text has an id of its own, and is in every language", () => {
  const ids = texts.map(({ id }) => id);
  expect(ids.length).toBeGreaterThan(150);
  expect(new Set(ids).size).toBe(ids.length);
  expect(Object.keys(german).toSorted()).toEqual(ids.toSorted());
});

test("a text has the same blanks in every language, and can be filled", () => {
  const fails = (error: unknown) => {
    throw error;
  };
  const english = createIntl({ locale: "en", onError: fails });
  const intl = createIntl({ locale: "de", messages: german, onError: fails });
  for (const text of texts) {
    const blanks = filled(text.defaultMessage);
    expect(filled(german[text.id as string]), text.id as string).toEqual(blanks);
    for (const value of [0, 1, 2]) {
      const values = Object.fromEntries(blanks.map((name) => [name, value]));
      for (const one of [english, intl]) expect(one.formatMessage(text, values)).not.toMatch(/[{}]/);
    }
  }
});
