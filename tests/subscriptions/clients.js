// Follows log entries by each client at once: all entries are seen once and in order, while the service is started again
// in the middle. A line "restart" asks for that.
import assert from "node:assert/strict";
import { createInterface } from "node:readline";
import { createRequire } from "node:module";
import { Client as UrqlClient, fetchExchange, subscriptionExchange } from "@urql/core";
import { createClient as createSSE } from "graphql-sse";
import { createClient as createWS } from "graphql-ws";
import WebSocket from "ws";

// Apollo's modules for bundlers are none that Node reads.
const require = createRequire(import.meta.url);
const { ApolloClient, ApolloLink, InMemoryCache, gql } = require("@apollo/client/core");
const { GraphQLWsLink } = require("@apollo/client/link/subscriptions");

const [, , url, key] = process.argv;
const authorization = `Bearer ${key}`;
const query = `subscription Tail($after: String) { logAdded(after: $after, filter: {kinds: [INTERNAL_EVENT]}) { id externalId kind summary } }`;
const plain = "subscription { logAdded(filter: {kinds: [INTERNAL_EVENT]}) { id externalId kind } }";

const answers = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
async function restart() {
  console.log("restart");
  await answers.next();
}

let sent = 0;
async function send(n) {
  const lines = [];
  for (let i = 0; i < n; i++) {
    lines.push(JSON.stringify({ type: "internal_event", id: `e-${++sent}`, customer: "acme", data: { event_type: "order.created", payload: { n: sent } } }));
  }
  const answer = await fetch(`${url}/v1/events`, { method: "POST", headers: { authorization, "content-type": "application/x-ndjson" }, body: lines.join("\n") });
  assert.equal(answer.status, 202, await answer.text());
}

async function until(what, check) {
  const end = Date.now() + 30_000;
  while (!check()) {
    assert.ok(Date.now() < end, `not in time: ${what()}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

const seen = {};
const note = (name, result) => {
  assert.equal(result.errors, undefined, `${name}: ${JSON.stringify(result.errors)}`);
  (seen[name] ??= []).push(result.data.logAdded.externalId);
};
const failed = [];
const ends = [];

const socket = () => createWS({
  url: url.replace("http", "ws") + "/graphql", webSocketImpl: WebSocket, retryAttempts: 100, shouldRetry: () => true,
  retryWait: () => new Promise((resolve) => setTimeout(resolve, 100)), connectionParams: { Authorization: authorization },
});

// follow subscribes again behind the last cursor, as a client does that wants every entry.
async function follow(name, iterate) {
  let after;
  for (;;) {
    try {
      for await (const result of iterate({ query, variables: { after } })) {
        note(name, result);
        after = result.extensions.cursor;
      }
    } catch (error) {
      failed.push(`${name}: ${error.message ?? error}`);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    if (ends.includes(name)) return;
  }
}

// graphql-ws and graphql-sse, whose own retries are off: they would begin at the old cursor.
const ws = createWS({ url: url.replace("http", "ws") + "/graphql", webSocketImpl: WebSocket, retryAttempts: 0, connectionParams: { Authorization: authorization } });
follow("graphql-ws", (request) => ws.iterate(request));
const sse = createSSE({ url: `${url}/graphql`, headers: { Authorization: authorization }, retryAttempts: 0 });
follow("graphql-sse", (request) => sse.iterate(request));

// Apollo and urql subscribe again by themselves, from now on.
const apolloSocket = socket();
const apollo = new ApolloClient({ link: ApolloLink.from([new GraphQLWsLink(apolloSocket)]), cache: new InMemoryCache() });
apollo.subscribe({ query: gql(plain) }).subscribe({ next: (result) => note("apollo", result), error: (error) => failed.push(`apollo: ${error}`) });
const urqlSocket = socket();
const urql = new UrqlClient({
  url: `${url}/graphql`, exchanges: [fetchExchange, subscriptionExchange({
    forwardSubscription: (request) => ({
      subscribe: (sink) => ({ unsubscribe: urqlSocket.subscribe({ ...request, query: request.query ?? "" }, sink) }),
    }),
  })],
});
urql.subscription(plain, {}).subscribe((result) => {
  if (result.error) failed.push(`urql: ${result.error}`);
  else note("urql", result);
});

// All are there once all have been told of something; what they were told of before counts for nobody.
const names = ["graphql-ws", "graphql-sse", "apollo", "urql"];
const lengths = () => names.map((name) => `${name} ${seen[name]?.length ?? 0}`).join(", ");
await new Promise((resolve) => setTimeout(resolve, 500));
for (;;) {
  await send(1);
  await new Promise((resolve) => setTimeout(resolve, 200));
  if (names.every((name) => seen[name]?.length)) break;
  assert.ok(sent < 100, `not all began: ${lengths()}`);
}
const begin = sent;
const tail = (name) => seen[name].filter((id) => Number(id.slice(2)) > begin);
const expected = () => Array.from({ length: sent - begin }, (_, i) => `e-${begin + i + 1}`);
for (let i = 0; i < 10; i++) await send(5);
await until(lengths, () => names.every((name) => tail(name).length >= sent - begin));
for (const name of names) assert.deepEqual(tail(name), expected(), name);
console.log(`${sent - begin} entries seen by all of ${names.join(", ")}`);

// The service is started again: those with a cursor miss nothing, the others are back.
await restart();
const before = sent;
for (let i = 0; i < 10; i++) await send(5);
await until(lengths, () => names.slice(0, 2).every((name) => tail(name).length >= sent - begin));
for (const name of names.slice(0, 2)) assert.deepEqual(tail(name), expected(), name);
for (let i = 0; i < 100 && !names.slice(2).every((name) => seen[name].at(-1) === `e-${sent}`); i++) {
  await send(1);
  await new Promise((resolve) => setTimeout(resolve, 100));
}
for (const name of names.slice(2)) {
  assert.ok(Number(seen[name].at(-1).slice(2)) > before, `${name} did not come back: ${failed}`);
  assert.equal(new Set(seen[name]).size, seen[name].length, `${name} was told something twice`);
}
assert.ok(!failed.some((f) => f.startsWith("apollo") || f.startsWith("urql")), failed.join("; "));
console.log("all came back after a restart, and those with a cursor missed nothing");

// Issues open, and are heard of behind the last cursor after the service was started again in between.
const opened = { ws: [], sse: [] };
async function followIssues(name, iterate) {
  for (let after; ; ) {
    try {
      for await (const result of iterate({ query: "subscription Issues($after: String) { issueChanged(after: $after) { status integration { key } } }", variables: { after } })) {
        assert.equal(result.errors, undefined, JSON.stringify(result.errors));
        after = result.extensions.cursor;
        opened[name].push(`${result.data.issueChanged.integration.key} ${result.data.issueChanged.status}`);
      }
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}
followIssues("ws", (request) => ws.iterate(request));
followIssues("sse", (request) => sse.iterate(request));
async function revoke(integration) {
  const event = { type: "api_request", customer: "acme", integration, data: { method: "POST", url: `https://${integration}.example.com/oauth/token`, response: { status: 400, body: { error: "invalid_grant" } } } };
  const answer = await fetch(`${url}/v1/events`, { method: "POST", headers: { authorization, "content-type": "application/x-ndjson" }, body: Array(3).fill(JSON.stringify(event)).join("\n") });
  assert.equal(answer.status, 202, await answer.text());
}
for (let i = 0; !opened.ws.length || !opened.sse.length; i++) {
  await revoke(`before-${i}`);
  await new Promise((resolve) => setTimeout(resolve, 1000));
  assert.ok(i < 60, "no issue was heard of");
}
await restart();
await revoke("after");
await until(() => JSON.stringify(opened), () => Object.values(opened).every((list) => list.includes("after OPEN")));
console.log("issues are heard of by graphql-ws and graphql-sse, behind their cursors");

// A bad credential is told so, for good; a bad query is an error of the operation.
const refused = createWS({ url: url.replace("http", "ws") + "/graphql", webSocketImpl: WebSocket, retryAttempts: 0, connectionParams: { Authorization: "Bearer x" } });
await assert.rejects(async () => { for await (const _ of refused.iterate({ query: plain })) assert.fail(); }, (event) => event.code === 4403);
await assert.rejects(async () => { for await (const _ of ws.iterate({ query: "subscription { logAdded { nothing } }" })) assert.fail(); },
  (errors) => errors[0].extensions.code === "BAD_USER_INPUT");
for await (const result of sse.iterate({ query: "subscription { logAdded { nothing } }" })) assert.equal(result.errors[0].extensions.code, "BAD_USER_INPUT");
for await (const result of ws.iterate({ query: "{ viewer { kind } }" })) assert.equal(result.data.viewer.kind, "API_KEY");
console.log("errors and queries are as they should be");
process.exit(0);
