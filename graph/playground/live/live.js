// Shows flow runs and issues as they change, by subscriptions over one socket. The credential comes behind the # of the
// address, which browsers send to nobody, or is asked for; it is kept for as long as the tab is.
const kept = "weir-token";
const $ = (id) => document.getElementById(id);
const given = new URLSearchParams(location.hash.slice(1)).get("token");
if (given) {
  sessionStorage.setItem(kept, given);
  history.replaceState(null, "", location.pathname);
}
let token = sessionStorage.getItem(kept) ?? "";

const run = `{ id runStatus summary startedAt durationMs flow { name } customer { name } error { message }
  graph { nodes { id nodeKey name runStatus } } }`;
const issue = "{ id status severity title occurrences customerCount lastSeenAt integration { name } }";
const first = `{ flowRuns(first: 20) { nodes ${run} } issues(first: 20, filter: {statuses: [OPEN, ACKNOWLEDGED]}) { nodes ${issue} } }`;
const runs = `subscription { flowRunsUpdated ${run} }`;
const issues = `subscription($after: String) { issueChanged(after: $after) ${issue} }`;

const kinds = {
  SUCCEEDED: "good", FAILED: "bad", RUNNING: "busy", QUEUED: "busy",
  OPEN: "bad", ACKNOWLEDGED: "busy", RESOLVED: "good",
};
const most = 40;
let told = 0;

// element makes an element; texts are only ever text.
function element(name, className, ...children) {
  const e = document.createElement(name);
  e.className = className;
  e.append(...children.filter((child) => child !== null && child !== undefined && child !== ""));
  return e;
}

// show puts an item where it stands already, or in front of the others.
function show(list, item, kind, fresh, children) {
  const e = element("li", `${kind ?? ""}${fresh ? " new" : ""}`, ...children);
  e.dataset.id = item.id;
  const old = [...list.children].find((other) => other.dataset.id === item.id);
  if (old) old.replaceWith(e);
  else list.prepend(e);
  while (list.children.length > most) list.lastElementChild.remove();
}

const took = (ms) => (ms === null ? "" : ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`);
const at = (time) => (time ? new Date(time).toLocaleTimeString() : "");

function showRun(r, fresh) {
  show($("runs"), r, kinds[r.runStatus], fresh, [
    element("div", "head", element("strong", "", r.flow.name), element("span", "", r.runStatus)),
    element("div", "head faint", element("span", "", r.customer?.name ?? ""), element("span", "", [at(r.startedAt), took(r.durationMs)].filter(Boolean).join(" · "))),
    element("div", "steps", ...r.graph.nodes.map((n) => element("span", kinds[n.runStatus] ?? "", n.name || n.nodeKey))),
    r.error && element("div", "error", r.error.message),
  ]);
}

function showIssue(i, fresh) {
  show($("issues"), i, kinds[i.status], fresh, [
    element("div", "head", element("strong", "", i.title), element("span", "", i.status)),
    element("div", "faint", `${i.severity} · ${i.integration?.name ?? "no integration"} · ${i.customerCount} customers · seen ${i.occurrences} times, last at ${at(i.lastSeenAt)}`),
  ]);
}

let cursor;
const operations = {
  first: { query: first, next({ data }) {
    for (const r of data.flowRuns.nodes.reverse()) showRun(r, false);
    for (const i of data.issues.nodes.reverse()) showIssue(i, false);
  } },
  runs: { query: runs, next({ data }) { showRun(data.flowRunsUpdated, true); } },
  issues: { query: issues, variables: () => ({ after: cursor }), next({ data, extensions }) {
    cursor = extensions.cursor;
    showIssue(data.issueChanged, true);
  } },
};

function say(text) { $("state").textContent = text; }

function ask(why) {
  say(why);
  $("ask").hidden = false;
}

// follow opens a socket, and another when it is lost: what is shown is read anew after the subscriptions have begun, so
// that nothing is missed in between.
function follow() {
  const socket = new WebSocket(`${location.protocol.replace("http", "ws")}//${location.host}/graphql`, "graphql-transport-ws");
  const send = (message) => socket.send(JSON.stringify(message));
  const begin = (id) => send({ id, type: "subscribe", payload: { query: operations[id].query, variables: operations[id].variables?.() } });
  socket.onopen = () => send({ type: "connection_init", payload: { Authorization: `Bearer ${token}` } });
  socket.onmessage = ({ data }) => {
    const { type, id, payload } = JSON.parse(data);
    if (type === "ping") send({ type: "pong" });
    if (type === "connection_ack") {
      say("live");
      for (const name of ["runs", "issues", "first"]) begin(name);
    }
    if (type === "next" && payload.data) {
      operations[id].next(payload);
      if (id !== "first") $("count").textContent = `${++told} changes`;
    }
    if (type === "error") {
      const extensions = payload[0]?.extensions ?? {};
      if (extensions.code !== "RESYNC") return say(payload[0]?.message ?? "an error");
      if (id === "issues") cursor = extensions.cursor;
      begin(id);
      begin("first");
    }
  };
  socket.onclose = ({ code }) => {
    if (code === 4403) return ask("the credential is not accepted");
    say("reconnecting");
    setTimeout(follow, 1000);
  };
}

$("ask").onsubmit = (event) => {
  event.preventDefault();
  token = $("token").value.trim();
  sessionStorage.setItem(kept, token);
  $("ask").hidden = true;
  follow();
};
if (token) follow();
else ask("a token, please");
