import type { Language } from "../../lib/language";

/** The texts of a language by id. None: those that stand in the code, which are English. */
export type Catalogue = Record<string, string>;

/** Loads the texts of a language, apart from the page. */
export async function loadCatalogue(language: Language): Promise<Catalogue | undefined> {
  if (language === "de") return (await import("./de.json")).default;
  return undefined;
}
