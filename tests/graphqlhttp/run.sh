#!/bin/sh
# Runs the 61 audits of npm's graphql-http against the API's handler. Needs Go, Node 20 and npm.
set -eu
cd "$(dirname "$0")"

work=$(mktemp -d)
server=
finish() {
	[ -z "$server" ] || kill "$server" 2>/dev/null || true
	rm -rf "$work"
}
trap finish EXIT INT TERM

npm ci --silent --no-audit --no-fund
go build -o "$work/server" .
mkfifo "$work/address"
"$work/server" >"$work/address" &
server=$!
read -r url <"$work/address"
node audit.js "$url"
