import { GraphiQL } from "graphiql";
import { useMemo } from "react";
import { IntlProvider } from "react-intl";
import { useText } from "../../lib/text";
import { tagOf, useShown } from "../languages/useShown";
import { explorerFetcher } from "./fetcher";
import type { Door } from "./session";
import { examples } from "./tabs";
import { texts } from "./texts";
import { Who } from "./Who";

/** GraphiQL, whose own texts are English; what is ours in it is in the language of the UI. */
export function Explorer({ door }: { door: Door | undefined }) {
  const shown = useShown();
  if (!shown) return null;
  const { locale, direction, catalogue } = shown;
  return (
    <IntlProvider locale={locale} messages={catalogue} defaultLocale={locale}>
      <Opened door={door} lang={tagOf(shown)} dir={direction} />
    </IntlProvider>
  );
}

function Opened({ door, ...language }: { door: Door | undefined; lang: string; dir: string }) {
  const say = useText();
  const fetcher = useMemo(() => explorerFetcher(door?.session), [door]);
  return (
    <GraphiQL defaultTabs={examples(say)} defaultEditorToolsVisibility="variables" fetcher={fetcher}>
      <GraphiQL.Logo>
        <div className="who" {...language}>
          {door ? <Who door={door} /> : say(texts.headers)}
        </div>
      </GraphiQL.Logo>
    </GraphiQL>
  );
}
