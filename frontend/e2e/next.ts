import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { extname, join } from "node:path";

const root = join(import.meta.dirname, "../..");
const texts = [".js", ".css", ".html"];

/**
 * Builds the next version of the product: each script and style of its pages is called otherwise, as after a change of all, and
 * the old ones are gone. Building the pages themselves again would take five times as long.
 */
export class NextVersion {
  private constructor(private readonly dir: string) {}

  get binary() {
    return join(this.dir, "chat");
  }

  static build(): NextVersion {
    const next = new NextVersion(mkdtempSync(join(tmpdir(), "chat-next-")));
    next.build();
    return next;
  }

  private build() {
    const dist = join(root, "frontend/dist");
    const names = readdirSync(join(dist, "assets")).filter((name) => /^[\w.-]+-[\w-]{8}\.(js|css)$/.test(name));
    const known = new RegExp(names.map((name) => name.replaceAll(".", "\\.")).join("|"), "g");
    const renamed = (text: string) =>
      text.replace(known, (name) => `next-${name}`).replace(/\brevision:(["'`])/g, "revision:$1next");
    const replaced: Record<string, string> = {}; // as go build -overlay has it: "" for what is gone
    for (const entry of readdirSync(dist, { recursive: true, withFileTypes: true })) {
      const path = join(entry.parentPath, entry.name);
      const isText = texts.includes(extname(entry.name));
      if (names.includes(entry.name) || /\.(br|gz)$/.test(entry.name)) replaced[path] = "";
      if (!entry.isFile() || !isText) continue;
      const made = join(this.dir, "dist", renamed(entry.name));
      mkdirSync(join(this.dir, "dist"), { recursive: true });
      writeFileSync(made, renamed(readFileSync(path, "utf8")));
      replaced[join(entry.parentPath, renamed(entry.name))] = made;
    }
    const overlay = join(this.dir, "overlay.json");
    writeFileSync(overlay, JSON.stringify({ Replace: replaced }));
    const args = ["build", "-overlay", overlay, "-ldflags", "-X chat/cmd.version=next", "-o", this.binary, "."];
    execFileSync("go", args, { cwd: root, stdio: "inherit" });
  }

  remove() {
    rmSync(this.dir, { recursive: true, force: true });
  }
}
