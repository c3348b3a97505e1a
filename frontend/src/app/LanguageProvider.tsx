import { Direction } from "radix-ui";
import { type ReactNode, useEffect, useMemo, useState } from "react";
import { IntlProvider } from "react-intl";
import { shownLanguage, useLanguage } from "../lib/language";
import { type Catalogue, loadCatalogue } from "./languages/catalogue";

/** Shows everything below in the language that was chosen, or the browser's, and changes it without a reload. */
export function LanguageProvider({ children }: { children: ReactNode }) {
  const { chosen } = useLanguage();
  const wanted = useMemo(() => shownLanguage(chosen, navigator.languages), [chosen]);
  const [shown, setShown] = useState<{ language: typeof wanted; catalogue: Catalogue | undefined } | null>(null);
  useEffect(() => {
    let isWanted = true;
    const show = (catalogue?: Catalogue) => {
      if (!isWanted) return;
      const isKnown = catalogue || wanted.language !== "de";
      setShown({ language: isKnown ? wanted : shownLanguage("en", navigator.languages), catalogue });
    };
    loadCatalogue(wanted.language).then(show, () => show()); // the server has gone, or another version of it has come
    return () => {
      isWanted = false;
    };
  }, [wanted]);
  useEffect(() => {
    if (!shown) return;
    document.documentElement.lang = shown.language.language === "de" ? "de" : "en";
    document.documentElement.dir = shown.language.direction;
  }, [shown]);
  if (!shown) return null;
  const { locale, direction } = shown.language;
  return (
    <IntlProvider locale={locale} messages={shown.catalogue} defaultLocale={locale}>
      <Direction.Provider dir={direction}>{children}</Direction.Provider>
    </IntlProvider>
  );
}
