import { Direction } from "radix-ui";
import { type ReactNode, useEffect } from "react";
import { IntlProvider } from "react-intl";
import { tagOf, useShown } from "./languages/useShown";

/** Shows everything below in the language that was chosen, or the browser's, and changes it without a reload. */
export function LanguageProvider({ children }: { children: ReactNode }) {
  const shown = useShown();
  useEffect(() => {
    if (!shown) return;
    document.documentElement.lang = tagOf(shown);
    document.documentElement.dir = shown.direction;
  }, [shown]);
  if (!shown) return null;
  const { locale, direction, catalogue } = shown;
  return (
    <IntlProvider locale={locale} messages={catalogue} defaultLocale={locale}>
      <Direction.Provider dir={direction}>{children}</Direction.Provider>
    </IntlProvider>
  );
}
