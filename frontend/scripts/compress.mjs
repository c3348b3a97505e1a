// Compresses the built text files once, so that the server does not at every request.
import { readdir, readFile, writeFile } from "node:fs/promises";
import { extname, join } from "node:path";
import { brotliCompressSync, gzipSync } from "node:zlib";

const texts = new Set([".js", ".css", ".html", ".svg", ".json", ".webmanifest"]);
for (const entry of await readdir("dist", { recursive: true, withFileTypes: true })) {
  const path = join(entry.parentPath, entry.name);
  if (!entry.isFile() || !texts.has(extname(path))) continue;
  const content = await readFile(path);
  if (content.length < 1024) continue;
  await writeFile(`${path}.br`, brotliCompressSync(content));
  await writeFile(`${path}.gz`, gzipSync(content, { level: 9 }));
}
