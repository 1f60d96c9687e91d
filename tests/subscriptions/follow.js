// Follows all that can be followed by each client at once, and goes on behind the cursors while the service is started again:
// nothing is missed, and nothing is told twice.
import assert from "node:assert/strict";
import { apollo, events, socket, urql } from "./clients.js";
import { ask, authorization, count, pause, restart, revoke, run, send, traceOf, until, url } from "./service.js";

const subscriptions = {
  logAdded: `subscription Logs($after: String) { logAdded(after: $after, filter: {kinds: [INTERNAL_EVENT]}) { id externalId } }`,
  flowRunsUpdated: `subscription Runs($after: String) { flowRunsUpdated(after: $after) { id externalId runStatus } }`,
  flowRunUpdated: `subscription Run($after: String, $id: ID!) { flowRunUpdated(id: $id, after: $after) { id externalId traceId } }`,
  issueChanged: `subscription Issues($after: String) { issueChanged(after: $after) { id status integration { key } } }`,
  alarmChanged: `subscription Alarms($after: String) { alarmChanged(after: $after) { id status rule { name } } }`,
};
const show = {
  logAdded: (entry) => entry.externalId, flowRunsUpdated: (r) => `${r.externalId} ${r.runStatus}`, flowRunUpdated: (r) => r.traceId,
  issueChanged: (issue) => `${issue.integration.key} ${issue.status}`, alarmChanged: (alarm) => `${alarm.rule.name} ${alarm.status}`,
};

const ws = socket(url, authorization);
const sse = events(url, authorization);
const clients = {
  "graphql-ws": (request) => ws.iterate(request), "graphql-sse": (request) => sse.iterate(request),
  apollo: apollo(socket(url, authorization)), urql: urql(url, socket(url, authorization)),
};

const names = Object.keys(clients);
const heard = {};
const failed = [];
// open is waited for before somebody subscribes again.
let open = Promise.resolve();

async function follow(name, field, variables) {
  const list = ((heard[field] ??= {})[name] = []);
  for (let after; ; await open, await pause(50)) {
    try {
      for await (const result of clients[name]({ query: subscriptions[field], variables: { ...variables, after } })) {
        assert.equal(result.errors, undefined, `${name}: ${JSON.stringify(result.errors)}`);
        assert.ok(result.extensions?.cursor, `${name} has no cursor of ${field}`);
        assert.notEqual(result.extensions.cursor, after, `${name} was told of ${field} twice`);
        after = result.extensions.cursor;
        list.push(show[field](result.data[field]));
      }
    } catch (error) {
      if (error instanceof assert.AssertionError) throw error;
      failed.push(`${name} of ${field}: ${error.message ?? error.reason ?? error}`);
    }
  }
}
const all = (field, check) => names.every((name) => check(heard[field][name]));
const times = (list, item) => list.filter((one) => one === item).length;
const report = () => `${JSON.stringify(heard)}; ${failed.slice(-5).join("; ")}`;

// What one run is changes with its trace.
let step = 1;
const change = () => run("one", "running", traceOf(++step));
await run("one", "running", traceOf(step));
const id = (await ask(`{ flowRuns(first: 1) { nodes { id } } }`)).flowRuns.nodes[0].id;
for (const field of Object.keys(subscriptions)) for (const name of names) follow(name, field, field === "flowRunUpdated" ? { id } : {});
await until(report, () => all("flowRunUpdated", (list) => list[0] === traceOf(1)));

// All are there once all have been told of something; what they were told of before counts for nobody.
for (let i = 0; !["logAdded", "flowRunsUpdated", "issueChanged"].every((field) => all(field, (list) => list.length)); i++) {
  assert.ok(i < 60, `not all began: ${report()}`);
  await send(1);
  await change();
  await revoke(`before-${i}`);
  await pause(500);
}
const rule = (await ask(`mutation { createAlarmRule(input: {name: "Nothing", metric: VOLUME, comparison: BELOW, threshold: 1, windowSeconds: 60, kinds: [TRANSACTION], endpointIds: []}) {
  alarmRule { id } userErrors { message } } }`)).createAlarmRule.alarmRule.id;

const begin = count();
const expected = () => Array.from({ length: count() - begin }, (_, i) => `e-${begin + i + 1}`);
const entries = (name) => heard.logAdded[name].filter((entry) => Number(entry.slice(2)) > begin);
const complete = () => all("logAdded", (list) => list.at(-1) === `e-${count()}`) && all("flowRunUpdated", (list) => list.at(-1) === traceOf(step));
const verify = (runs) => {
  for (const name of names) {
    assert.deepEqual(entries(name), expected(), name);
    const traces = heard.flowRunUpdated[name];
    assert.deepEqual(traces, [...new Set(traces)].sort(), `${name} was told of a run as it was before`);
    for (const r of runs) assert.equal(times(heard.flowRunsUpdated[name], `${r} SUCCEEDED`), 1, `${name} of ${r}: ${heard.flowRunsUpdated[name]}`);
  }
};
const work = async (label) => {
  const runs = [1, 2, 3, 4, 5].map((i) => `${label}-${i}`);
  for (const r of runs) {
    await run(r, "running");
    await send(5);
    await change();
    await run(r, "succeeded");
  }
  return runs;
};
const live = await work("live");
await until(report, () => complete() && all("flowRunsUpdated", (list) => live.every((r) => list.includes(`${r} SUCCEEDED`))));
verify(live);
await until(report, () => all("alarmChanged", (list) => list.includes("Nothing FIRING")), 180);
console.log(`${names.join(", ")} follow ${Object.keys(subscriptions).join(", ")}`);

// The service is started again, and all that can change does before anybody is back: then each client is told of the entries,
// and once of what each of the others is by now.
let back;
open = new Promise((resolve) => (back = resolve));
const before = Object.fromEntries(names.map((name) => [name, heard.flowRunUpdated[name].length]));
await restart();
const away = await work("away");
await ask(`mutation($id: ID!) { updateAlarmRule(input: {id: $id, enabled: false}) { userErrors { message } } }`, { id: rule });
await revoke("away");
await until(() => "no issue opened", async () => (await ask(`{ issues(first: 100) { nodes { integration { key } } } }`)).issues.nodes.some((issue) => issue.integration.key === "away"));
back();
await until(report, () => complete() && all("flowRunsUpdated", (list) => away.every((r) => list.includes(`${r} SUCCEEDED`))) &&
  all("alarmChanged", (list) => list.includes("Nothing RESOLVED")) && all("issueChanged", (list) => list.includes("away OPEN")));
await send(1);
await until(report, complete);
verify([...live, ...away]);
for (const name of names) {
  for (const r of away) assert.equal(times(heard.flowRunsUpdated[name], `${r} RUNNING`), 0, `${name} was told how ${r} was: ${heard.flowRunsUpdated[name]}`);
  assert.equal(heard.flowRunUpdated[name].length, before[name] + 1, `${name} was told of a run more than once`);
  assert.deepEqual(heard.alarmChanged[name].filter((alarm, i, list) => alarm !== list[i - 1]), ["Nothing FIRING", "Nothing RESOLVED"], name);
}
assert.ok(failed.length >= names.length * Object.keys(subscriptions).length, `not all had to come back: ${failed}`);
console.log("all went on behind their cursors after a restart: nothing was missed, and nothing told twice");

// Apollo and urql on a socket that connects again by itself are back too, from then on.
const retrying = { retryAttempts: 100, shouldRetry: () => true, retryWait: () => pause(100) };
const plain = `subscription { logAdded(filter: {kinds: [INTERNAL_EVENT]}) { id externalId } }`;
const again = { apollo: [], urql: [] };
const watch = async (name, client) => { for await (const result of client({ query: plain })) again[name].push(result.data.logAdded.externalId); };
watch("apollo", apollo(socket(url, authorization, retrying)));
watch("urql", urql(url, socket(url, authorization, retrying)));
const told = async () => {
  const from = count();
  await until(() => JSON.stringify(again), async () => {
    await send(1);
    return Object.values(again).every((list) => Number(list.at(-1)?.slice(2)) > from);
  });
};
await told();
await restart();
await told();
for (const [name, list] of Object.entries(again)) assert.equal(new Set(list).size, list.length, `${name} was told something twice`);
console.log("apollo and urql come back by themselves");

// A bad credential is told so, for good; a bad query is an error of the operation.
const nobody = socket(url, "Bearer x");
await assert.rejects(async () => { for await (const _ of nobody.iterate({ query: plain })) assert.fail(); }, (event) => event.code === 4403);
const wrong = "subscription { logAdded { nothing } }";
await assert.rejects(async () => { for await (const _ of ws.iterate({ query: wrong })) assert.fail(); }, (errors) => errors[0].extensions.code === "BAD_USER_INPUT");
for (const name of ["apollo", "urql"]) await assert.rejects(async () => { for await (const _ of clients[name]({ query: wrong })) assert.fail(); }, name);
for await (const result of sse.iterate({ query: wrong })) assert.equal(result.errors[0].extensions.code, "BAD_USER_INPUT");
for await (const result of ws.iterate({ query: "{ viewer { kind } }" })) assert.equal(result.data.viewer.kind, "API_KEY");
console.log("errors and queries are as they should be");
process.exit(0);
