// Remakes what the pages know of the API: its schema, and which role serves which root field. It asks the product itself.
import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { buildSchema } from "graphql";

const sdl = (role) => execFileSync("go", ["run", ".", "schema", `--role=${role}`], { cwd: "..", encoding: "utf8" });

/** The fields of one root type by role. `health` is everybody's, and asked of nobody in particular. */
function fields(schemas, root) {
  const roles = {};
  for (const [role, schema] of Object.entries(schemas)) {
    for (const name of Object.keys(schema[`get${root}Type`]()?.getFields() ?? {})) {
      if (name !== "health") roles[name] = role;
    }
  }
  return roles;
}

const all = sdl("all");
const schemas = Object.fromEntries(["user", "sender", "receiver"].map((role) => [role, buildSchema(sdl(role))]));
const table = {
  query: fields(schemas, "Query"),
  mutation: fields(schemas, "Mutation"),
  subscription: fields(schemas, "Subscription"),
};

writeFileSync("schema.graphql", `# Made by npm run codegen from chat schema --role=all.\n${all}`);
writeFileSync(
  "src/api/roles.gen.ts",
  `// Made by npm run codegen from chat schema --role=….

export type Role = "user" | "sender" | "receiver";

/** The role that serves each root field. */
export const roles: Record<"query" | "mutation" | "subscription", Record<string, Role>> = ${JSON.stringify(table, null, 2).replace(/"(\w+)":/g, "$1:")};
`,
);
