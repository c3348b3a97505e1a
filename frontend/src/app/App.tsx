import { ApolloProvider } from "@apollo/client/react";
import { useEffect, useState } from "react";
import {
  type Api,
  ApiProvider,
  type Installation,
  InstallationProvider,
  useInstallation,
  useSession,
} from "../api/Api";
import { Frame } from "./Frame";
import { enter } from "./install";

/** The pages: for who is signed in, or for signing in. */
export function App({ installation }: { installation: Installation }) {
  return (
    <InstallationProvider value={installation}>
      <Pages />
    </InstallationProvider>
  );
}

function Pages() {
  const session = useSession();
  if (session.status === "in") return <SignedIn key={session.userId} userId={session.userId} />;
  return <p>{session.status}</p>;
}

/** Everything that belongs to one person begins and ends here. */
function SignedIn({ userId }: { userId: string }) {
  const installation = useInstallation();
  const [api, setApi] = useState<Api | null>(null);
  useEffect(() => {
    const made = enter(installation, userId);
    setApi(made);
    return () => {
      made.live.close();
      made.client.stop();
    };
  }, [installation, userId]);
  if (!api) return null;
  return (
    <ApiProvider value={api}>
      <ApolloProvider client={api.client}>
        <Frame />
      </ApolloProvider>
    </ApiProvider>
  );
}
