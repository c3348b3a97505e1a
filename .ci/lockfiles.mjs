// Fails when a lockfile names where a package came from, or does not pin what it is: the registry is the installing machine's
// choice, the content is not.
import { readFileSync } from "node:fs";

const wrong = process.argv.slice(2).flatMap((file) =>
  Object.entries(JSON.parse(readFileSync(file, "utf8")).packages)
    .filter(([path, entry]) => path !== "" && !entry.link && (entry.resolved || !entry.integrity))
    .map(([path, entry]) => `${file}: ${path} ${entry.resolved ? "names its origin" : "has no integrity"}`),
);
if (wrong.length > 0) {
  console.error(wrong.join("\n"));
  process.exit(1);
}
