#!/bin/sh
# Follows a service by npm's graphql-ws, graphql-sse, Apollo and urql. Needs Go, Node 20 and npm.
set -eu
cd "$(dirname "$0")"
npm ci --silent --no-audit --no-fund
go run .
