import { ApolloProvider } from "@apollo/client/react";
import { lazy, Suspense, useEffect, useState } from "react";
import { Route, Switch } from "wouter";
import {
  type Api,
  ApiProvider,
  type Installation,
  InstallationProvider,
  useInstallation,
  useSession,
} from "../api/Api";
import { ConversationsProvider } from "../features/conversation/ConversationsProvider";
import { Join } from "../features/session/Join";
import { SignIn } from "../features/session/SignIn";
import { Starting } from "../features/session/Starting";
import { Frame } from "./Frame";
import { enter } from "./install";
import { LanguageProvider } from "./LanguageProvider";

const Lab = lazy(() => import("../features/lab/Lab").then((m) => ({ default: m.Lab })));

/** The pages, once it is known where they are. */
export function App({ installation }: { installation: Installation }) {
  return (
    <LanguageProvider>
      <InstallationProvider value={installation}>
        <Pages />
      </InstallationProvider>
    </LanguageProvider>
  );
}

/** The place stays while somebody signs in, so that they come to where they were. */
function Pages() {
  const { session, config } = useInstallation();
  const state = useSession();
  if (state.status === "in") return <SignedIn key={state.userId} userId={state.userId} />;
  if (state.status === "starting") return <Starting isLate={state.retryAt !== undefined} />;
  if (session.kind === "open") return <Join session={session} />;
  return <SignIn session={session} isOpen={config.signup === "open"} ended={state.status === "ended"} />;
}

/** Everything that belongs to one person begins and ends here. */
function SignedIn({ userId }: { userId: string }) {
  const installation = useInstallation();
  const [api, setApi] = useState<Api | null>(null);
  useEffect(() => {
    const entered = enter(installation, userId);
    setApi(entered.api);
    return entered.leave;
  }, [installation, userId]);
  if (!api) return null;
  return (
    <ApiProvider value={api}>
      <ApolloProvider client={api.client}>
        <ConversationsProvider>
          <Switch>
            <Route path="/lab/*?">
              <Suspense>
                <Lab />
              </Suspense>
            </Route>
            <Route>
              <Frame />
            </Route>
          </Switch>
        </ConversationsProvider>
      </ApolloProvider>
    </ApiProvider>
  );
}
