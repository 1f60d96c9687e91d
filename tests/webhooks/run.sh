#!/bin/sh
# Receives webhooks of a service, and verifies them by npm's standardwebhooks. Needs Go, Node 20 and npm.
set -eu
cd "$(dirname "$0")"
npm ci --silent --no-audit --no-fund
go run .
