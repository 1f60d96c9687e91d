// Asks for notifications, receives them, and verifies each by the library of Standard Webhooks: as it came, while the
// secret rotates, when it is sent again; and not when anything of it was changed.
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import { Webhook, WebhookVerificationError } from "standardwebhooks";

const [, , url, key] = process.argv;
const authorization = `Bearer ${key}`;

// What came in, and what is answered to it.
const came = [];
const statuses = [];
let wake = () => {};
const server = createServer(async (request, response) => {
  const parts = [];
  for await (const part of request) parts.push(part);
  came.push({ headers: request.headers, body: Buffer.concat(parts).toString("utf8") });
  response.writeHead(statuses.shift() ?? 204).end();
  wake();
});
server.listen(0, "127.0.0.1");
await once(server, "listening");
const target = `http://127.0.0.1:${server.address().port}/hooks`;

async function next() {
  const late = setTimeout(() => assert.fail("nothing came in time"), 60_000);
  while (came.length === 0) await new Promise((resolve) => (wake = resolve));
  clearTimeout(late);
  return came.shift();
}

async function ask(query, variables) {
  const answer = await fetch(`${url}/graphql`, { method: "POST", headers: { authorization, "content-type": "application/json" }, body: JSON.stringify({ query, variables }) });
  const said = await answer.json();
  assert.equal(said.errors, undefined, JSON.stringify(said.errors));
  const [payload] = Object.values(said.data);
  assert.deepEqual(payload.userErrors ?? [], []);
  return payload;
}

async function send(event) {
  const answer = await fetch(`${url}/v1/events`, { method: "POST", headers: { authorization, "content-type": "application/json" }, body: JSON.stringify(event) });
  assert.equal(answer.status, 202, await answer.text());
}

const verifies = (secret, { headers, body }) => new Webhook(secret).verify(body, headers);
const fails = (secret, message, what) => assert.throws(() => verifies(secret, message), WebhookVerificationError, what);

// changed are the ways in which a message is another one.
function changed({ headers, body }) {
  const at = Number(headers["webhook-timestamp"]);
  return {
    "a tampered body": { headers, body: body.replace("title", "tile") },
    "a body that was written anew": { headers, body: JSON.stringify(JSON.parse(body), null, 1) },
    "another id": { headers: { ...headers, "webhook-id": headers["webhook-id"] + "0" }, body },
    "another time": { headers: { ...headers, "webhook-timestamp": String(at + 1) }, body },
    "a time that is long past": { headers: { ...headers, "webhook-timestamp": String(at - 3600) }, body },
    "another signature": { headers: { ...headers, "webhook-signature": "v1," + Buffer.alloc(32).toString("base64") }, body },
    "no signature": { headers: { ...headers, "webhook-signature": "" }, body },
  };
}

const created = await ask(`mutation($target: String!) { createNotificationEndpoint(input: {channel: WEBHOOK, target: $target,
  events: [CONNECTED_APP_STATUS_CHANGED, FLOW_RUN_FAILED]}) { endpoint { id } secret userErrors { field message } } }`, { target });
const { secret, endpoint: { id } } = created;
const test = () => ask(`mutation($id: ID!) { testNotificationEndpoint(input: {id: $id}) { delivery { id } userErrors { message } } }`, { id });

const { delivery } = await test();
const first = await next();
assert.equal(verifies(secret, first).type, "test");
assert.equal(first.headers["webhook-id"], delivery.id);
assert.match(first.headers["content-type"], /^application\/json/);
for (const [what, message] of Object.entries(changed(first))) fails(secret, message, what);
fails("whsec_" + Buffer.alloc(32, 7).toString("base64"), first, "a stranger's secret");
console.log("a delivery verifies, and nothing that was changed of it does");

const rotated = await ask(`mutation($id: ID!) { rotateNotificationSecret(input: {id: $id}) { secret userErrors { message } } }`, { id });
fails(rotated.secret, first, "what the old secret signed");
await test();
const second = await next();
assert.equal(second.headers["webhook-signature"].split(" ").length, 2);
for (const valid of [secret, rotated.secret]) {
  verifies(valid, second);
  fails(valid, { headers: second.headers, body: second.body + " " }, "a tampered body");
}
console.log("while a secret rotates, both verify");

statuses.push(500);
await send({ type: "connected_app", customer: "zoë", integration: "hubspot", data: { status: "needs_reauth", reason: "the token is gone ☃ \u2028 <&>" } });
const [refused, again] = [await next(), await next()];
const told = verifies(rotated.secret, again);
assert.equal(told.type, "connected_app.status_changed");
assert.equal(told.data.customers[0].external_id, "zoë");
assert.equal(told.data.cause, "the token is gone ☃ \u2028 <&>");
assert.match(told.data.url, /^https:\/\/weir\.example\.com\/connected-apps\/app_/);
assert.deepEqual(verifies(secret, refused), told);
assert.equal(again.headers["webhook-id"], refused.headers["webhook-id"]);
assert.ok(Number(again.headers["webhook-timestamp"]) > Number(refused.headers["webhook-timestamp"]), "each attempt is signed anew");
console.log("what was refused comes again, with the same id");

await ask(`mutation($id: ID!) { redeliver(input: {deliveryId: $id}) { delivery { id } userErrors { message } } }`, { id: again.headers["webhook-id"] });
const redelivered = await next();
assert.equal(redelivered.headers["webhook-id"], again.headers["webhook-id"]);
assert.deepEqual(verifies(rotated.secret, redelivered), told);
console.log("what is redelivered is the same");
server.close();
server.closeAllConnections();
