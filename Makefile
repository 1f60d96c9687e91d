# `make help` lists what there is. CI calls the same targets.
SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

GO      ?= go
VERSION := $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
BIN     := bin/weir
LDFLAGS := -s -w -X main.version=$(VERSION)

GOLANGCI_LINT_VERSION := v2.12.0
GOLANGCI_LINT         := bin/golangci-lint-$(GOLANGCI_LINT_VERSION)

.PHONY: help
help: ## List the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sort | awk -F ':.*## ' '{ printf "  %-18s %s\n", $$1, $$2 }'

.PHONY: build
build: ## Build bin/weir
	CGO_ENABLED=0 $(GO) build -trimpath -ldflags '$(LDFLAGS)' -o $(BIN) ./cmd/weir

.PHONY: demo
demo: build ## Build and run everything on this machine, with simulated traffic (ARGS="--addr :9000 --fresh")
	$(BIN) demo $(ARGS)

.PHONY: test
test: ## Run all tests on a real PostgreSQL, with the race detector where a C compiler is at hand
	CGO_ENABLED=$(if $(RACE),1,0) $(GO) test $(RACE) -timeout 30m $(or $(PKG),./...)

RACE := $(if $(shell command -v $${CC:-gcc} 2>/dev/null),-race)

.PHONY: test-detection
test-detection: ## Run the scenarios that live through weeks too, each with its quiet twin (some 3 minutes)
	WEIR_TEST_LONG=1 $(GO) test -timeout 30m ./tests/detection/...

.PHONY: test-containers
test-containers: ## Run the tests on PostgreSQL in a container (needs a Docker engine; WEIR_TEST_POSTGRES_IMAGE)
	WEIR_TEST_CONTAINERS=1 $(GO) test -timeout 30m $(or $(PKG),./...)

.PHONY: test-graphql-http
test-graphql-http: ## Run the audits of GraphQL over HTTP (needs Node.js)
	tests/graphqlhttp/run.sh

.PHONY: test-subscriptions
test-subscriptions: ## Run the npm clients of subscriptions against the service (needs Node.js)
	tests/subscriptions/run.sh

.PHONY: test-webhooks
test-webhooks: ## Verify what the service delivers by npm's standardwebhooks (needs Node.js)
	tests/webhooks/run.sh

.PHONY: fuzz
fuzz: ## Fuzz each target for FUZZTIME (default 20s)
	@grep -rlE '^func Fuzz' --include='*_test.go' . | while read -r file; do \
	  grep -oE '^func Fuzz[A-Za-z0-9]+' "$$file" | cut -c6- | while read -r target; do \
	    echo "== $$(dirname $$file) $$target"; \
	    $(GO) test "$$(dirname $$file)" -run '^$$' -fuzz "^$$target$$" -fuzztime $(or $(FUZZTIME),20s) -fuzzminimizetime 10x; \
	  done; done

.PHONY: bench
bench: ## Measure ingestion and queries against raw COPY, 1 million entries (ARGS="-entries 100000" for less)
	$(GO) run ./tests/bench $(ARGS)

.PHONY: bench-detection
bench-detection: ## Simulate a month with 25 incidents, and print what is found of them and when (ARGS="-seed 2")
	$(GO) run ./tests/detection/bench $(ARGS)

.PHONY: bench-live
bench-live: ## Measure the time from commit to client with 1,000 subscribers and 2,000 entries/s (ARGS="-duration 1m")
	$(GO) run ./tests/live $(ARGS)

.PHONY: soak
soak: ## Run under load for 10 minutes and look at what changes (ARGS="-duration 1m", or ARGS=crowd for 10,000 tenants)
	$(GO) run ./tests/soak $(ARGS)

.PHONY: generate
generate: ## Generate the GraphQL server from the schema
	$(GO) run ./graph/internal/generate

.PHONY: generate-check
generate-check: generate ## Fail when generated code is not what the schema says
	@git diff --exit-code -- graph || { echo 'generated code is stale: run make generate and commit it'; exit 1; }

$(GOLANGCI_LINT):
	GOBIN=$(CURDIR)/bin/install $(GO) install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(GOLANGCI_LINT_VERSION)
	mv bin/install/golangci-lint $@ && rmdir bin/install

# Its cache keeps the paths of files, so that two checkouts must not share one.
.PHONY: lint
lint: $(GOLANGCI_LINT) ## Lint (builds the linter once)
	GOLANGCI_LINT_CACHE=$(CURDIR)/bin/lint-cache $(GOLANGCI_LINT) run ./...

.PHONY: vulncheck
vulncheck: ## Look the dependencies up in the vulnerability database
	$(GO) run golang.org/x/vuln/cmd/govulncheck@v1.3.0 ./...

.PHONY: clean
clean: ## Remove what was built (the demo's data stays in weir-data)
	rm -rf bin
