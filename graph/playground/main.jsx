// GraphiQL for Weir's API. A credential goes into the headers' editor: {"Authorization": "Bearer …"}; or behind the # of
// the address, as #token=…, which browsers send to nobody; #query=… may stand there too. Subscriptions come as server-sent
// events.
import { createGraphiQLFetcher } from "@graphiql/toolkit";
import { GraphiQL } from "graphiql";
import "graphiql/graphiql.min.css";
import { getOperationAST } from "graphql";
import React from "react";
import { createRoot } from "react-dom/client";
import "./page.css";

const welcome = `# Weir's API. Put your credential below, under Headers:
#   {"Authorization": "Bearer …"}

query Failures {
  viewer { kind role tenant { name } }
  logs(first: 10, filter: { statuses: [FAILURE] }) {
    nodes { occurredAt summary customer { name } error { message } }
  }
}

# Flow runs as they go.
subscription Live {
  flowRunsUpdated { runStatus summary flow { name } customer { name } graph { nodes { name runStatus } } }
}
`;

const url = "/graphql";
const ask = createGraphiQLFetcher({ url });

// follow gives the messages of a subscription.
async function* follow(params, headers) {
  const abort = new AbortController();
  const answer = await fetch(url, {
    method: "POST",
    headers: { ...headers, "Content-Type": "application/json", Accept: "text/event-stream" },
    body: JSON.stringify(params),
    signal: abort.signal,
  });
  if (!answer.headers.get("Content-Type")?.startsWith("text/event-stream")) {
    yield await answer.json();
    return;
  }
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  try {
    for (let rest = ""; ; ) {
      const { done, value } = await reader.read();
      if (done) return;
      const events = (rest + value).split("\n\n");
      rest = events.pop();
      for (const event of events) {
        const lines = event.split("\n");
        const data = lines.filter((line) => line.startsWith("data:")).map((line) => line.slice(5)).join("\n");
        if (lines.includes("event: complete")) return;
        if (data.trim()) yield JSON.parse(data);
      }
    }
  } finally {
    abort.abort();
  }
}

function fetcher(params, options) {
  const operation = options?.documentAST && getOperationAST(options.documentAST, params.operationName);
  return operation?.operation === "subscription" ? follow(params, options.headers) : ask(params, options);
}

const given = new URLSearchParams(location.hash.slice(1));
const token = given.get("token");
const headers = token ? JSON.stringify({ Authorization: `Bearer ${token}` }) : undefined;
if (token) history.replaceState(null, "", location.pathname);

createRoot(document.getElementById("playground")).render(
  <GraphiQL
    fetcher={fetcher}
    defaultQuery={welcome}
    query={given.get("query") ?? undefined}
    headers={headers}
    defaultEditorToolsVisibility="headers"
    shouldPersistHeaders={false}
  />,
);
