// The clients, each as a function that follows a subscription and gives its results one by one, until it ends or breaks off.
import { createRequire } from "node:module";
import { Client as UrqlClient, fetchExchange, subscriptionExchange } from "@urql/core";
import { createClient as createSSE } from "graphql-sse";
import { createClient as createWS } from "graphql-ws";
import WebSocket from "ws";

// Apollo's modules for bundlers are none that Node reads.
const require = createRequire(import.meta.url);
const { ApolloClient, ApolloLink, InMemoryCache, gql } = require("@apollo/client/core");
const { GraphQLWsLink } = require("@apollo/client/link/subscriptions");
// Apollo's link looks for the one that browsers have when a connection fails.
globalThis.WebSocket ??= WebSocket;

// socket is a client of graphql-ws. Its own retries would begin at the old cursor, so that they are off where there is one.
export const socket = (url, authorization, options = { retryAttempts: 0 }) =>
  createWS({ url: url.replace("http", "ws") + "/graphql", webSocketImpl: WebSocket, connectionParams: { Authorization: authorization }, ...options });

export const events = (url, authorization) => createSSE({ url: `${url}/graphql`, headers: { Authorization: authorization }, retryAttempts: 0 });

// apollo and urql stand on a socket, as people have them.
export function apollo(over) {
  const client = new ApolloClient({ link: ApolloLink.from([new GraphQLWsLink(over)]), cache: new InMemoryCache() });
  return ({ query, variables }) => results((sink) => {
    const subscription = client.subscribe({ query: gql(query), variables, fetchPolicy: "no-cache" }).subscribe(sink);
    return () => subscription.unsubscribe();
  });
}

export function urql(url, over) {
  const client = new UrqlClient({
    url: `${url}/graphql`, exchanges: [fetchExchange, subscriptionExchange({
      forwardSubscription: (request) => ({ subscribe: (sink) => ({ unsubscribe: over.subscribe({ ...request, query: request.query ?? "" }, sink) }) }),
    })],
  });
  return ({ query, variables }) => results((sink) => {
    const subscription = client.subscription(query, variables ?? {}).subscribe((result) => (result.error ? sink.error(result.error) : sink.next(result)));
    return () => subscription.unsubscribe();
  });
}

// results makes one by one of what is called back.
async function* results(subscribe) {
  const waiting = [];
  let wake = () => {};
  const put = (item) => { waiting.push(item); wake(); };
  const end = subscribe({ next: (value) => put({ value }), error: (error) => put({ error }), complete: () => put({ done: true }) });
  try {
    for (;;) {
      while (waiting.length === 0) await new Promise((resolve) => (wake = resolve));
      const { value, error, done } = waiting.shift();
      if (error) throw error;
      if (done) return;
      yield value;
    }
  } finally {
    end();
  }
}
