import type { Installation } from "../../api/Api";
import type { Instances } from "../../api/instances";
import { post } from "../../api/post";
import type { Identified } from "../../api/session/session";
import { uuidMaker } from "../../lib/uuid";
import { LabCreateUserDocument, LabLoginDocument, LabRemoveUserDocument, LabUserDocument } from "./gql/graphql";

/** Who can sit at a pane: who is signed in, and three who are made for the tests. */
export const everybody = ["you", "ada", "ben", "cleo"] as const;
export type Who = (typeof everybody)[number];

/** Somebody, and what says that it is them. */
export interface Somebody extends Identified {
  id: string;
  name: string;
}

/** Somebody who was made here, and what they sign in with; in an installation that believes everybody it is worth nothing. */
export interface Made extends Somebody {
  username: string;
  password: string;
}

/** The people of the test pages. Those who are made are made when they are first asked for, and removed at the end. */
export interface People {
  /** Errors: Failure; nobody can be made where signing up is closed, and too often is refused. */
  ask(who: Who): Promise<Somebody>;
  /** One more, for tests of accounts. Whoever asks removes them. Errors: Failure. */
  make(name: string): Promise<Made>;
  /** Something that has to be done before those who were made are removed. */
  finish(work: Promise<unknown>): void;
  /** Removes those who were made. What fails stays behind: an account that nobody uses. */
  clear(): Promise<void>;
  /** The same without waiting for anything: the page goes, and what it has asked for goes on without it. */
  leave(): void;
}

/** A token is got anew after so long (ms); its life is longer, and where it is not, it is refused and got anew too. */
const fresh = 10 * 60_000;

/** A page that is closed has no time to get tokens: it has all of them, and gets them anew so often (ms). */
const renewal = 5 * 60_000;

const newId = uuidMaker();

export function createPeople({ config, instances, session }: Installation, userId: string): People {
  const made = new Map<string, Made>();
  const asked = new Map<Who, Promise<Somebody>>();
  const unfinished = new Set<Promise<unknown>>();
  let renewing: ReturnType<typeof setInterval> | undefined;
  const own = session.of(userId);
  const url = () => instances.current("user").graphql;

  function renew() {
    for (const one of made.values()) {
      void one.refused({});
      one.credentials().catch(() => undefined); // it was removed by who asked for it, or the next time will do
    }
  }

  async function removeAll() {
    clearInterval(renewing);
    renewing = undefined;
    const gone = [...made.values()];
    made.clear();
    asked.clear();
    await Promise.allSettled(gone.map((one) => remove(url(), one)));
  }

  async function you(): Promise<Somebody> {
    const headers = await own.credentials();
    const { user } = await post(url(), LabUserDocument, { id: userId }, { headers });
    return { id: userId, name: user.displayName || user.username, ...own };
  }

  async function make(name: string): Promise<Made> {
    const username = `lab.${name.toLowerCase()}.${newId().slice(-12)}`;
    const password = newId();
    const isOpen = config.auth === "none";
    const variables = {
      username,
      email: `${username}@example.org`,
      displayName: name,
      password: isOpen ? undefined : password,
    };
    const headers = await own.credentials(); // an administrator makes accounts where others may not
    const { createUser } = await post(url(), LabCreateUserDocument, variables, { headers });
    const one: Made = {
      id: createUser.id,
      name,
      username,
      password,
      ...(isOpen ? believed(createUser.id) : signedIn(instances, username, password)),
    };
    made.set(one.id, one);
    one.credentials().catch(() => undefined);
    renewing ??= setInterval(renew, renewal);
    return one;
  }

  const names = { ada: "Ada", ben: "Ben", cleo: "Cleo" };
  return {
    ask(who) {
      const known = asked.get(who);
      if (known) return known;
      const asking = who === "you" ? you() : make(names[who]);
      asked.set(who, asking);
      asking.catch(() => asked.delete(who)); // it may succeed the next time
      return asking;
    },
    make,
    finish(work) {
      const quiet = work.catch(() => undefined);
      unfinished.add(quiet);
      quiet.finally(() => unfinished.delete(quiet));
    },
    async clear() {
      await Promise.resolve(); // whoever leaves at the same time says what is to be finished
      await Promise.all(unfinished);
      await removeAll();
    },
    leave: () => void removeAll(),
  };
}

/** Removes the account of somebody who was made, also while the page goes. Errors: Failure. */
export async function remove(url: string, one: Somebody): Promise<void> {
  await post(url, LabRemoveUserDocument, { id: one.id }, { headers: await one.credentials(), keepalive: true });
}

function believed(id: string): Identified {
  return { credentials: async () => ({ "user-id": id }), refused: async () => false };
}

/** Signs in when a token is needed. It stays in this page's memory, and no cookie is asked for. */
function signedIn(instances: Instances, username: string, password: string): Identified {
  let got: { token: Promise<string>; at: number } | undefined;
  async function login(): Promise<string> {
    try {
      const { login } = await post(instances.current("user").graphql, LabLoginDocument, { username, password });
      return login.accessToken;
    } catch (error) {
      got = undefined;
      throw error;
    }
  }
  return {
    async credentials() {
      if (!got || Date.now() - got.at > fresh) got = { token: login(), at: Date.now() };
      return { authorization: `Bearer ${await got.token}` };
    },
    async refused() {
      got = undefined;
      return true;
    },
  };
}
