import { createStore } from "zustand/vanilla";
import { backoff } from "../../lib/backoff";
import { rest } from "../../lib/rest";
import type { Memory } from "../../lib/storage";
import { type AnswerError, Failure, failureOfAnswer } from "../failure";
import { CreateUserDocument, LoginDocument } from "../gql/graphql";
import type { Instances } from "../instances";
import { post } from "../post";
import type { Credentials, Session, SessionState } from "./session";

/** Who signs up. */
export interface Registration {
  username: string;
  email: string;
  displayName: string;
  password: string;
}

/** The session of an installation with accounts. */
export interface AccountSession extends Session {
  /** Errors: Failure. */
  signIn(username: string, password: string): Promise<void>;
  /** Makes the account and signs in. Errors: Failure. */
  signUp(registration: Registration): Promise<void>;
}

/** An access token, until when it is good by this machine's clock, and whose it is. */
interface Access {
  token: string;
  began: number;
  ends: number;
  userId: string;
}

interface Grant {
  accessToken: string;
  expiresAt: string;
  userId: string;
}

/** How long the server may take to answer, in ms; its own limit is shorter. */
const patience = 15_000;

/** What tabs of one browser tell each other. */
type News = { kind: "in" } | { kind: "out" };

/** Runs one at a time in all tabs. Where the browser has no locks, the server forgives tabs that race. */
type Exclusively = <T>(work: () => Promise<T>) => Promise<T>;

/**
 * A session whose access token is in this page's memory alone and whose refresh token is a cookie that no script can read.
 * The memory keeps who was signed in, so that a first visit asks for nothing.
 */
export function createAccountSession(
  instances: Instances,
  memory: Memory,
  exclusively: Exclusively = acrossTabs,
): AccountSession {
  const state = createStore<SessionState>(() => ({ status: "starting" }));
  const tabs = new BroadcastChannel("chat.session");
  let access: Access | undefined;
  let refreshing: Promise<boolean> | undefined;
  let departures = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let stopped = false;

  function accept(grant: Grant) {
    const life = lifeOf(grant);
    const now = Date.now();
    access = { token: grant.accessToken, began: now, ends: now + life, userId: grant.userId };
    memory.set("user", grant.userId);
    clearTimeout(timer);
    timer = setTimeout(() => refresh().catch(() => undefined), life * 0.8);
    const was = state.getState();
    if (was.status !== "in" || was.userId !== grant.userId) {
      state.setState({ status: "in", userId: grant.userId }, true);
    }
  }

  function leave(next: SessionState) {
    access = undefined;
    refreshing = undefined; // whose answer is for nobody: who comes in next asks anew
    departures++;
    clearTimeout(timer);
    memory.set("user", null);
    state.setState(next, true);
  }

  /** Goes on with the session of the cookie. False: it has ended, or was left. Errors: Failure, when nobody knows. */
  function refresh(): Promise<boolean> {
    if (refreshing) return refreshing;
    const before = departures;
    const renewing = exclusively(() => renew(before)).finally(() => {
      if (refreshing === renewing) refreshing = undefined;
    });
    refreshing = renewing;
    return renewing;
  }

  /** Who has left since stays out, whatever the server says. */
  async function renew(before: number): Promise<boolean> {
    if (departures !== before) return false;
    const answer = await send("refresh");
    const grant = answer.ok ? ((await answer.json()) as Grant) : undefined;
    if (departures !== before) return false;
    if (answer.status === 401) {
      const was = state.getState();
      if (was.status === "in") leave({ status: "ended", userId: was.userId });
      if (was.status === "starting") leave({ status: "out" });
      return false; // whose session has ended is told so, however often it is found out
    }
    if (!grant) throw await failureOfResponse(answer);
    accept(grant);
    return true;
  }

  /** What to call with: as that person, or as whoever is in. Another tab may have signed somebody else in. */
  async function credentials(userId?: string): Promise<Credentials> {
    if (access && isEnding(access)) await refresh();
    if (!access || (userId !== undefined && access.userId !== userId)) {
      throw new Failure("UNAUTHENTICATED", "Nobody is signed in, or somebody else");
    }
    return { authorization: `Bearer ${access.token}` };
  }

  async function refused(credentials: Credentials): Promise<boolean> {
    if (access && credentials.authorization !== `Bearer ${access.token}`) return true; // others were got meanwhile
    return refresh();
  }

  /** Posts to where the cookie goes. The server wants JSON, which a stranger's page cannot send unasked. */
  async function send(what: "refresh" | "logout"): Promise<Response> {
    const instance = instances.current("user");
    try {
      return await fetch(`${instance.auth}/${what}`, {
        method: "POST",
        credentials: "include",
        headers: { "content-type": "application/json" },
        body: "{}",
        signal: AbortSignal.timeout(patience), // the other tabs wait for this one
      });
    } catch {
      instances.failed("user", instance);
      throw new Failure("UNREACHABLE", "The server cannot be reached");
    }
  }

  async function signIn(username: string, password: string) {
    const { login } = await post(
      instances.current("user").graphql,
      LoginDocument,
      { username, password },
      { credentials: "include", headers: { "x-refresh-token": "cookie" } },
    );
    accept({ accessToken: login.accessToken, expiresAt: login.expiresAt, userId: login.user.id });
    tabs.postMessage({ kind: "in" } satisfies News);
  }

  tabs.onmessage = ({ data }: MessageEvent<News>) => {
    const { status } = state.getState();
    if (data.kind === "out" && (status === "in" || status === "starting")) leave({ status: "out" });
    if (data.kind === "in") refresh().catch(() => undefined);
  };

  return {
    state,
    async start() {
      if (!memory.get("user")) return leave({ status: "out" });
      for (let attempt = 0; !stopped && state.getState().status === "starting"; attempt++) {
        try {
          await refresh();
          return;
        } catch {
          if (state.getState().status !== "starting") return; // another tab has left meanwhile
          const wait = backoff(attempt);
          state.setState({ status: "starting", retryAt: Date.now() + wait }, true);
          await rest(wait);
        }
      }
    },
    credentials: () => credentials(),
    refused,
    of: (userId) => ({
      credentials: () => credentials(userId),
      refused: async (used) => (await refused(used)) && access?.userId === userId,
    }),
    signIn,
    async signUp({ username, email, displayName, password }) {
      await post(instances.current("user").graphql, CreateUserDocument, {
        username,
        email,
        displayName: displayName || null,
        password,
      });
      await signIn(username, password);
    },
    async signOut() {
      const answer = await send("logout");
      if (!answer.ok && answer.status !== 401) throw await failureOfResponse(answer);
      tabs.postMessage({ kind: "out" } satisfies News);
      leave({ status: "out" });
    },
    stop() {
      stopped = true;
      clearTimeout(timer);
      tabs.close();
    },
  };
}

/** A token is renewed when the last tenth of its life, or the last half minute, has begun. */
function isEnding({ began, ends }: Access): boolean {
  return Date.now() > ends - Math.min(30_000, (ends - began) / 10);
}

/**
 * How long a token is good, in ms, by the server's clock alone: this machine's may be wrong. The token is a JWT, which says
 * when it was made and when it ends (RFC 7519, 4.1.4 and 4.1.6).
 */
function lifeOf(grant: Grant): number {
  try {
    const body = grant.accessToken.split(".")[1] ?? "";
    const { iat, exp } = JSON.parse(atob(body.replace(/-/g, "+").replace(/_/g, "/"))) as { iat: number; exp: number };
    if (exp > iat) return (exp - iat) * 1000;
  } catch {
    // not a form that we know: the moment that came with it has to do
  }
  return Math.max(0, Date.parse(grant.expiresAt) - Date.now());
}

async function failureOfResponse(answer: Response): Promise<Failure> {
  const { errors } = (await answer.json().catch(() => ({}))) as { errors?: AnswerError[] };
  return errors ? failureOfAnswer(errors) : new Failure("UNREACHABLE", "The server cannot be reached");
}

function acrossTabs<T>(work: () => Promise<T>): Promise<T> {
  return navigator.locks ? navigator.locks.request("chat.refresh", work) : work();
}
