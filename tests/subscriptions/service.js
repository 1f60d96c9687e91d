// What a test does with the service beside following it.
import assert from "node:assert/strict";
import { createInterface } from "node:readline";

export const [, , url, key] = process.argv;
export const authorization = `Bearer ${key}`;
export const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

// restart has the service started again: a line "restart" asks for that.
const answers = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
export async function restart() {
  console.log("restart");
  await answers.next();
}

export async function post(events) {
  const answer = await fetch(`${url}/v1/events`, {
    method: "POST", headers: { authorization, "content-type": "application/x-ndjson" }, body: events.map((event) => JSON.stringify(event)).join("\n"),
  });
  const text = await answer.text();
  assert.equal(answer.status, 202, text);
  assert.equal(JSON.parse(text).rejected?.length ?? 0, 0, text);
}

export async function ask(query, variables) {
  const answer = await fetch(`${url}/graphql`, { method: "POST", headers: { authorization, "content-type": "application/json" }, body: JSON.stringify({ query, variables }) });
  const { data, errors } = await answer.json();
  assert.equal(errors, undefined, JSON.stringify(errors));
  return data;
}

export async function until(what, check, seconds = 60) {
  for (const end = Date.now() + 1000 * seconds; !(await check()); await pause(50)) assert.ok(Date.now() < end, `not in time: ${what()}`);
}

let sent = 0;
export const count = () => sent;

// send sends some more events, which are numbered.
export async function send(n) {
  const events = [];
  for (let i = 0; i < n; i++) events.push({ type: "internal_event", id: `e-${++sent}`, customer: "acme", data: { event_type: "order.created", payload: { n: sent } } });
  await post(events);
}

// run says of a run how it is; trace tells one change of it from another.
export const run = (id, status, trace) => post([{ type: "flow_run", id, customer: "acme", integration: "crm", ...(trace && { trace_id: trace }), data: { flow: "sync", status } }]);

export const traceOf = (n) => n.toString(16).padStart(32, "0");

// revoke has an issue of an integration open.
export const revoke = (integration) => post(Array(3).fill({
  type: "api_request", customer: "acme", integration,
  data: { method: "POST", url: `https://${integration}.example.com/oauth/token`, response: { status: 400, body: { error: "invalid_grant" } } },
}));
