// Runs every audit against the address given, prints those that are not met, and exits with 1 if there is one.
import { serverAudits } from "graphql-http";

const url = process.argv[2];
if (!url) {
  console.error("usage: node audit.js URL");
  process.exit(2);
}
const audits = serverAudits({ url });
const results = await Promise.all(audits.map((audit) => audit.fn()));
const failed = results.filter((result) => result.status !== "ok");
for (const { id, name, status, reason } of failed) {
  console.error(`${status} ${id} ${name}: ${reason}`);
}
console.log(`${results.length - failed.length} of ${results.length} audits met`);
process.exit(failed.length === 0 && results.length === 61 ? 0 : 1);
