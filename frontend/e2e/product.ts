import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";

/** A process of the product. */
export class Process {
  private child: ChildProcess | undefined;
  private said = "";

  constructor(
    readonly port: number,
    private readonly args: string[],
    private readonly env: Record<string, string> = {},
    private readonly binary = process.env.PRODUCT_BINARY ?? "",
  ) {}

  /** Where it is, by the name that the pages of localhost may call. */
  get url() {
    return `http://localhost:${this.port}`;
  }

  /** Starts it, or another build in its place, and waits until it is ready. */
  async start(binary = this.binary) {
    const { PATH = "", HOME = "" } = process.env;
    this.child = spawn(binary, this.args, { env: { PATH, HOME, ...this.env }, stdio: ["ignore", "pipe", "pipe"] });
    const hear = (text: Buffer) => {
      this.said += text;
    };
    this.child.stdout?.on("data", hear);
    this.child.stderr?.on("data", hear);
    await until(`${this.args.join(" ")} is ready`, async () => {
      if (this.child?.exitCode !== null) throw new Hopeless(`it has ended: ${this.said}`);
      return (await fetch(`http://127.0.0.1:${this.port}/readyz`)).ok;
    });
  }

  /** Ends it at once, as a crash does. */
  async kill() {
    await this.end("SIGKILL");
  }

  async stop() {
    await this.end("SIGTERM");
  }

  private async end(signal: NodeJS.Signals) {
    const { child } = this;
    if (!child || child.exitCode !== null || child.signalCode !== null) return; // it never began, or has ended
    const ended = once(child, "exit");
    child.kill(signal);
    await ended;
  }
}

/** It will never be so. */
class Hopeless extends Error {}

/** Waits until something is so. What it throws is that it is not yet; after 30 s it is the error. */
export async function until(what: string, isSo: () => Promise<boolean>) {
  let last: unknown;
  for (const began = Date.now(); Date.now() - began < 30_000; await new Promise((resolve) => setTimeout(resolve, 50))) {
    try {
      if (await isSo()) return;
    } catch (error) {
      if (error instanceof Hopeless) throw error;
      last = error;
    }
  }
  throw new Error(`waited in vain until ${what}`, { cause: last });
}

/** A port that nobody uses. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, "close");
  return port;
}

/** Passwords are hashed at the least cost, and nobody is too quick. */
export const quick = ["--rate-limits=off", "--argon2-memory=19", "--argon2-passes=2", "--log-format=json"];

/** The product as one process, with the PostgreSQL that it starts for itself. */
export class Product {
  private constructor(
    readonly process: Process,
    private readonly dir: string,
  ) {}

  static async start(...args: string[]): Promise<Product> {
    const dir = mkdtempSync("/tmp/chat-browser-");
    chmodSync(dir, 0o755); // PostgreSQL may run as another user
    const port = await freePort();
    const product = new Product(
      new Process(port, ["serve", `--port=${port}`, `--data-dir=${join(dir, "data")}`, ...quick, ...args]),
      dir,
    );
    await product.process.start();
    return product;
  }

  get url() {
    return this.process.url;
  }

  async stop() {
    await this.process.stop();
    rmSync(this.dir, { recursive: true, force: true });
  }
}
