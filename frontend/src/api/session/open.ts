import { createStore } from "zustand/vanilla";
import type { Memory } from "../../lib/storage";
import { Failure } from "../failure";
import { CreateUserDocument, UserByIdDocument, UserByUsernameDocument } from "../gql/graphql";
import type { Instances } from "../instances";
import { post } from "../post";
import type { Credentials, Session, SessionState } from "./session";

/** Who joins an installation without accounts. */
export interface Newcomer {
  username: string;
  email: string;
  displayName: string;
}

/** The session of an installation that believes everybody (--auth=none): a name, and no secret. */
export interface OpenSession extends Session {
  /** Goes on as the account of that name, or makes it. Errors: Failure. */
  join(newcomer: Newcomer): Promise<void>;
}

/** A session whose identity is in the memory of this tab, so that two tabs can be two people. */
export function createOpenSession(instances: Instances, tab: Memory): OpenSession {
  const state = createStore<SessionState>(() => ({ status: "starting" }));
  const enter = (userId: string) => {
    tab.set("user", userId);
    state.setState({ status: "in", userId }, true);
  };
  const leave = () => {
    tab.set("user", null);
    state.setState({ status: "out" }, true);
  };

  async function find(username: string): Promise<string | undefined> {
    const { graphql } = instances.current("user");
    try {
      const { userByUsername } = await post(graphql, UserByUsernameDocument, { username });
      if (!userByUsername.isActive) throw new Failure("ACCOUNT_REMOVED", "This account was removed");
      return userByUsername.id;
    } catch (error) {
      if (error instanceof Failure && error.code === "NOT_FOUND") return undefined;
      throw error;
    }
  }

  /** Whether the account still exists: the database may be another one. Nobody answers: it does. */
  async function isThere(userId: string): Promise<boolean> {
    try {
      return (await post(instances.current("user").graphql, UserByIdDocument, { id: userId })).user.isActive;
    } catch (error) {
      return !(error instanceof Failure && error.code === "NOT_FOUND");
    }
  }

  /** What to call with: as that person, or as whoever is in. */
  async function credentials(userId?: string): Promise<Credentials> {
    const now = state.getState();
    if (now.status !== "in" || (userId !== undefined && now.userId !== userId)) {
      throw new Failure("UNAUTHENTICATED", "Nobody has joined, or somebody else");
    }
    return { "user-id": now.userId };
  }

  const refused = async () => false;

  return {
    state,
    async start() {
      const userId = tab.get("user");
      if (userId && (await isThere(userId))) enter(userId);
      else leave();
    },
    credentials: () => credentials(),
    refused,
    of: (userId) => ({ credentials: () => credentials(userId), refused }),
    async join({ username, email, displayName }) {
      const known = await find(username);
      if (known) return enter(known);
      const { graphql } = instances.current("user");
      const { createUser } = await post(graphql, CreateUserDocument, {
        username,
        email,
        displayName: displayName || null,
      });
      enter(createUser.id);
    },
    async signOut() {
      leave();
    },
    stop() {},
  };
}
