import { loadConfig } from "../../api/config";
import { createInstances } from "../../api/instances";
import { createAccountSession } from "../../api/session/accounts";
import { createOpenSession } from "../../api/session/open";
import type { Session } from "../../api/session/session";
import { memory } from "../../lib/storage";

/** How people sign in here: with a password, or by a name where everybody is believed. */
export interface Door {
  session: Session;
  withPassword: boolean;
  enter(username: string, password: string): Promise<void>;
}

/**
 * The session of the UI at the same address, of which this is another tab. Undefined: the process serves no UI and has no door;
 * its callers type their headers.
 */
export async function findDoor(): Promise<Door | undefined> {
  const config = await loadConfig().catch(() => undefined);
  if (!config) return undefined;
  const kept = memory(() => localStorage);
  const instances = createInstances(config, kept);
  if (config.auth === "accounts") {
    const session = createAccountSession(instances, kept);
    return { session, withPassword: true, enter: session.signIn };
  }
  const session = createOpenSession(
    instances,
    memory(() => sessionStorage),
  );
  const join = (username: string) => session.join({ username, email: `${username}@example.org`, displayName: "" });
  return { session, withPassword: false, enter: join };
}
