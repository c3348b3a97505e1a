import { createContext, type ReactNode, useContext, useEffect, useState } from "react";
import { useApi } from "../../api/Api";
import { memory } from "../../lib/storage";
import { createSource } from "./apolloSource";
import { Conversations } from "./conversations";
import { acrossTabs, BroadcastTabs, IndexedOutbox } from "./outboxStore";

const Context = createContext<Conversations | null>(null);

/** Keeps the conversations of who is signed in for the pages below. What waits to be sent is sent whatever page is shown. */
export function ConversationsProvider({ children }: { children: ReactNode }) {
  const api = useApi();
  const [made, setMade] = useState<Conversations | null>(null);
  useEffect(() => {
    const { userId } = api;
    const store = new IndexedOutbox(userId);
    const conversations = new Conversations({
      userId,
      source: createSource(api),
      store,
      tabs: new BroadcastTabs(userId),
      lock: acrossTabs,
      memory: memory(() => localStorage),
    });
    conversations.start();
    setMade(conversations);
    return () => {
      conversations.stop();
      store.close().catch(() => undefined);
    };
  }, [api]);
  return made && <GivenConversations value={made}>{children}</GivenConversations>;
}

/** The same with conversations that were made elsewhere: for tests. */
export function GivenConversations({ value, children }: { value: Conversations; children: ReactNode }) {
  return <Context value={value}>{children}</Context>;
}

export function useConversations(): Conversations {
  const found = useContext(Context);
  if (!found) throw new Error("there is no ConversationsProvider above");
  return found;
}
