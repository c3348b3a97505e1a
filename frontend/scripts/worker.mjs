// Builds the service worker, and tells it what the UI's page is made of: what its entry reaches, and nothing of GraphiQL.
import { createHash } from "node:crypto";
import { readFile, rm } from "node:fs/promises";
import { build } from "vite";

const manifestPath = "dist/.vite/manifest.json";
const chunks = JSON.parse(await readFile(manifestPath, "utf8"));
await rm("dist/.vite", { recursive: true });

/** The files of a chunk and of all that it may load. */
function reach(name, files = new Set(), seen = new Set()) {
  if (seen.has(name)) return files;
  seen.add(name);
  const { file, css = [], assets = [], imports = [], dynamicImports = [] } = chunks[name];
  for (const one of [file, ...css, ...assets]) files.add(one);
  for (const one of [...imports, ...dynamicImports]) reach(one, files, seen);
  return files;
}

const hash = async (file) =>
  createHash("sha256")
    .update(await readFile(`dist/${file}`))
    .digest("hex")
    .slice(0, 16);
const isNeeded = (file) => !file.endsWith(".woff2") || file.includes("latin-wght"); // other letters come when they are written
const assets = [...reach("index.html")].filter((file) => file.startsWith("assets/") && isNeeded(file));
const named = ["index.html", "theme.js", "icon.svg", "manifest.webmanifest"];
const shell = [
  ...assets.map((file) => ({ url: `/${file}`, revision: null })), // the name holds a hash
  ...(await Promise.all(named.map(async (file) => ({ url: `/${file}`, revision: await hash(file) })))),
];

await build({
  configFile: false,
  publicDir: false,
  logLevel: "warn",
  define: { SHELL: JSON.stringify(shell), "process.env.NODE_ENV": '"production"' },
  build: {
    emptyOutDir: false,
    lib: { entry: "src/app/worker/worker.ts", formats: ["iife"], name: "worker", fileName: () => "worker.js" },
  },
});
