import type { AnySession, Api, Installation } from "../api/Api";
import { ChatCache } from "../api/chats/cache";
import { followChats } from "../api/chats/follow";
import { createMuted } from "../api/chats/muted";
import { createApolloClient } from "../api/client";
import { loadConfig } from "../api/config";
import { createInstances } from "../api/instances";
import { createLive } from "../api/live";
import { createAccountSession } from "../api/session/accounts";
import { createOpenSession } from "../api/session/open";
import { memory } from "../lib/storage";

/** Builds what there is before anybody is signed in. Errors: the configuration cannot be read. */
export async function install(): Promise<Installation> {
  const config = await loadConfig();
  const kept = memory(() => localStorage);
  const instances = createInstances(config, kept);
  const session: AnySession =
    config.auth === "accounts"
      ? { kind: "accounts", ...createAccountSession(instances, kept) }
      : {
          kind: "open",
          ...createOpenSession(
            instances,
            memory(() => sessionStorage),
          ),
        };
  return { config, instances, session };
}

/** Builds what a signed-in person works with, until `leave`. */
export function enter({ instances, session }: Installation, userId: string): { api: Api; leave: () => void } {
  const own = session.of(userId);
  const live = createLive(instances, own);
  const client = createApolloClient(instances, own, live);
  const chats = new ChatCache(client.cache, userId);
  const follower = followChats(client, live, chats, userId);
  const muted = createMuted(
    memory(() => localStorage),
    userId,
  );
  const leave = () => {
    muted.stop();
    follower.stop();
    live.close();
    client.stop();
  };
  return { api: { userId, live, client, chats, follower, muted }, leave };
}
