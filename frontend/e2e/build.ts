import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Builds the binary once, with the pages as they are built in dist. */
export default function build() {
  const root = join(import.meta.dirname, "../..");
  if (!existsSync(join(root, "frontend/dist/index.html"))) throw new Error("build the pages first: npm run build");
  const path = join(mkdtempSync(join(tmpdir(), "chat-browser-")), "chat");
  execFileSync("go", ["build", "-o", path, "."], { cwd: root, stdio: "inherit" });
  process.env.PRODUCT_BINARY = path;
}
