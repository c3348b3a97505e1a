// Audits a server against the GraphQL over HTTP specification. Usage: node audit.mjs URL
import { auditServer } from "graphql-http";

const results = await auditServer({ url: process.argv[2] });
const failed = results.filter(({ status, name }) => status !== "ok" && !name.startsWith("MAY"));
for (const { id, name, reason } of failed) console.log(`${id} ${name}: ${reason}`);
if (failed.length > 0) process.exit(1);
console.log(`audited: ${results.filter(({ status }) => status === "ok").length} of ${results.length} ok`);
