import { useEffect, useMemo, useState } from "react";
import { shownLanguage, useLanguage } from "../../lib/language";
import { type Catalogue, loadCatalogue } from "./catalogue";

/** A language, its locale and direction, and its texts, where they do not stand in the code. */
export type Shown = ReturnType<typeof shownLanguage> & { catalogue: Catalogue | undefined };

/** What was chosen, or the browser's, as soon as its texts are there; English where they cannot be had. Null: not yet. */
export function useShown(): Shown | null {
  const { chosen } = useLanguage();
  const wanted = useMemo(() => shownLanguage(chosen, navigator.languages), [chosen]);
  const [shown, setShown] = useState<Shown | null>(null);
  useEffect(() => {
    let isWanted = true;
    const show = (catalogue?: Catalogue) => {
      if (!isWanted) return;
      const isKnown = catalogue || wanted.language !== "de";
      setShown({ ...(isKnown ? wanted : shownLanguage("en", navigator.languages)), catalogue });
    };
    loadCatalogue(wanted.language).then(show, () => show()); // the server has gone, or another version of it has come
    return () => {
      isWanted = false;
    };
  }, [wanted]);
  return shown;
}

/** The language of the texts, as HTML names it. */
export function tagOf({ language }: Shown): string {
  return language === "de" ? "de" : "en";
}
