import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { Person } from "./person";
import { freePort, Process, quick } from "./product";

/** Two processes of each role, the pages, Redis, and the PostgreSQL of pgtest/once. */
export class Fleet {
  readonly roles: Record<"user" | "sender" | "receiver", Process[]> = { user: [], sender: [], receiver: [] };
  private readonly pages: Process[] = [];
  private redis: ChildProcess | undefined;

  /** Where the pages are. */
  get url() {
    return this.pages[0]?.url ?? "";
  }

  private get all() {
    return [...this.roles.user, ...this.roles.sender, ...this.roles.receiver, ...this.pages];
  }

  async start() {
    const database = process.env.PGTEST_URL;
    if (!database) throw new Error("PGTEST_URL is missing: npm run test:browser starts a PostgreSQL and names it");
    const { PRODUCT_BINARY = "", PATH = "" } = process.env;
    execFileSync(PRODUCT_BINARY, ["migrate", "up"], { env: { PATH, DATABASE_URL: database } });
    const redis = await freePort();
    this.redis = spawn("redis-server", ["--port", `${redis}`, "--save", "", "--appendonly", "no"], { stdio: "ignore" });
    const uiPort = await freePort();
    const env = {
      DATABASE_URL: database,
      REDIS_URL: `redis://127.0.0.1:${redis}`,
      CHAT_SIGNING_SECRET: randomBytes(48).toString("base64"),
      CHAT_ALLOWED_ORIGINS: `http://localhost:${uiPort}`,
    };
    for (const [role, list] of Object.entries(this.roles)) {
      for (let n = 0; n < 2; n++) {
        const port = await freePort();
        list.push(new Process(port, ["serve", `--role=${role}`, `--port=${port}`, "--db-pool=5", ...quick], env));
      }
    }
    const urls = (role: "user" | "sender" | "receiver") => this.roles[role].map(({ url }) => url).join(",");
    const told = [
      `--user-urls=${urls("user")}`,
      `--sender-urls=${urls("sender")}`,
      `--receiver-urls=${urls("receiver")}`,
    ];
    this.pages.push(new Process(uiPort, ["ui", `--port=${uiPort}`, ...told]));
    await Promise.all(this.all.map((one) => one.start()));
  }

  async stop() {
    await Promise.all(this.all.map((one) => one.stop()));
    this.redis?.kill();
  }

  /** A person whose calls go to the first or the second of all instances. */
  person(name: string, n: number) {
    const url = (role: "user" | "sender" | "receiver") => this.roles[role][n]?.url ?? "";
    return Person.signUp({ user: url("user"), sender: url("sender"), receiver: url("receiver") }, name);
  }
}
