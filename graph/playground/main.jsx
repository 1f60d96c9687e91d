// GraphiQL for Weir's API. A credential goes into the headers' editor: {"Authorization": "Bearer …"}.
import { createGraphiQLFetcher } from "@graphiql/toolkit";
import { GraphiQL } from "graphiql";
import "graphiql/graphiql.min.css";
import React from "react";
import { createRoot } from "react-dom/client";
import "./page.css";

const welcome = `# Weir's API. Put your credential below, under Headers:
#   {"Authorization": "Bearer …"}

{
  viewer { kind role tenant { name } }
  logs(first: 10, filter: { statuses: [FAILURE] }) {
    nodes { occurredAt summary customer { name } error { message } }
  }
}
`;

createRoot(document.getElementById("playground")).render(
  <GraphiQL
    fetcher={createGraphiQLFetcher({ url: "/graphql" })}
    defaultQuery={welcome}
    defaultEditorToolsVisibility="headers"
    shouldPersistHeaders={false}
  />,
);
