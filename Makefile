SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
MAKEFLAGS += --no-builtin-rules
.DEFAULT_GOAL := help
# As in the released binary. With one setting the linter, vet, the nodes and the tools share one
# build cache; only the race detector needs another.
export CGO_ENABLED = 0

GO_FILES  = $(shell find cmd internal migrations web -name node_modules -prune -o \( -name '*.go' -o -name '*.sql' \) -print)
WEB_FILES = $(shell find web/src web/public web/index.html web/vite.config.ts web/tsconfig.json -type f 2>/dev/null)
NPM       = npm --prefix web
LINTER    = .cache/bin/golangci-lint-$(shell cksum < internal/tools/golangci-lint/go.mod | cut -d' ' -f1)
# Without a tag or a checkout they are empty, and the binary reports what Go recorded in it.
VERSION   = $(shell git describe --tags --match 'v[0-9]*' --dirty 2>/dev/null)
COMMIT    = $(shell git describe --always --match '' --abbrev=12 --dirty 2>/dev/null)
VERSION_PACKAGE = github.com/chillin-chat/chillin/internal/version
VERSION_FLAGS   = -X $(VERSION_PACKAGE).version=$(VERSION) -X $(VERSION_PACKAGE).commit=$(COMMIT)
STACK     = go run ./internal/test/env/stack
# Tests that must not run in parallel do so within their package; -p keeps the default of Go. Parallel
# tests mostly wait, so more of them than processors run at once.
TESTFLAGS ?= -parallel=4
# make vet runs vet once, so the tests do not.
GO_TEST   = go test -vet=off -timeout 30m $(TESTFLAGS)
# Debug information is written into no test binary: it is a third of their link time.
NO_DEBUG  = -ldflags='-s -w'
# The race detector only knows Go's own memory. SQLite is translated from C and keeps its data
# elsewhere: instrumenting it finds nothing and takes three times as long.
RACE      = -race -gcflags=modernc.org/sqlite/lib=-race=false

# Tests that create many databases keep their data in memory where a tmpfs of 4 GiB allows it and runs
# programs: there, to create and drop a Postgres database takes 0.03 s of CPU instead of 0.3 s.
IN_MEMORY = $(shell d=/dev/shm/chillin-test-$$(id -u); \
  { mkdir -m 755 -p $$d && [ -O $$d ] && cp -f "$$(type -P true)" $$d/true && $$d/true && \
  [ "$$(df --output=avail -B1G $$d | tail -1)" -ge 4 ]; } 2>/dev/null && echo $$d)

##@ Use

.PHONY: help
help: ## print this list
	@awk 'BEGIN {FS = ":.*## "} \
	  /^##@ / {printf "\n%s\n", substr($$0, 5)} \
	  /^[a-z0-9-]+:.*## / {printf "  make %-11s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: run
run: bin/chillin ## build and serve on http://localhost:5000, data in ./data (settings: .env)
	bin/chillin

.PHONY: build
build: bin/chillin ## bin/chillin: one static binary with the web client inside

bin/chillin: $(GO_FILES) go.mod go.sum web/dist/index.html | need-go
	go build -trimpath -ldflags '-s -w $(VERSION_FLAGS)' -o $@ ./cmd/chillin

.PHONY: image
image: ## the container image chillin:latest, with version and commit
	docker build --build-arg VERSION='$(VERSION)' --build-arg COMMIT='$(COMMIT)' -t chillin:latest .

##@ Develop

.PHONY: dev
dev: web/node_modules/.stamp | need-go ## Vite on http://localhost:5173 and the server, each rebuilt on change
	go run ./internal/tools/dev

# The parts of make test. The fault tests run last.
TEST_PARTS = lint types vet test-go test-kubernetes test-web e2e test-chaos

.PHONY: test
test: need-cc ## everything: lint, types, vet, go test -race, web unit tests, e2e, faults
	@times=; report() { printf '\nmake test: seconds that each part took\n%b' "$$times"; }; trap report EXIT; \
	for part in $(TEST_PARTS); do \
	  began=$$SECONDS; $(MAKE) --no-print-directory $$part; \
	  times+="$$(printf '  %-16s %4d' $$part $$((SECONDS - began)))\n"; \
	done; \
	times+="$$(printf '  %-16s %4d' together $$SECONDS)\n\nall of lint, types, vet, go test -race, web unit tests, e2e and faults passed\n"

.PHONY: test-go
test-go: export CGO_ENABLED = 1
test-go: export TMPDIR := $(or $(IN_MEMORY),$(TMPDIR),/tmp)
test-go: | need-go need-cc ## go test -race; a part: make test-go PKG=./internal/store RUN=TestAppend
	$(GO_TEST) $(RACE) $(NO_DEBUG) -skip '^TestScenarios$$' $(if $(RUN),-run '$(RUN)') $(or $(PKG),./...)

.PHONY: test-pooled
test-pooled: export TMPDIR := $(or $(IN_MEMORY),$(TMPDIR),/tmp)
test-pooled: | need-go ## the whole suite of the store through PgBouncer, and faults of PgBouncer and of a replica
	$(GO_TEST) -count=1 ./internal/store -pooled
	$(GO_TEST) -count=1 -run '^TestScenarios$$' ./internal/test/chaos -only PgBouncer
	$(GO_TEST) -count=1 -run '^TestScenarios$$' ./internal/test/chaos -only replica

# A separate module, so that Helm and the types of Kubernetes do not become our dependencies.
.PHONY: test-kubernetes
test-kubernetes: | need-go ## the manifests and the Helm chart: linted, rendered, decoded strictly
	cd internal/tools/kubernetes && $(GO_TEST) ./...

.PHONY: test-backup
test-backup: | need-go ## back up and restore 100,000 messages and 1,000 files, on both engines, with time and memory
	$(GO_TEST) -count=1 -v -run '^Test(BackupIsAConsistentSnapshot|MemoryDoesNotGrowWithTheChat|SendersDuringABackup|Killed.*|DamagedArchiveIsRefused)$$' ./internal/backup -large

# Runs alone: it checks guaranteed times, and other tests would take the CPU.
.PHONY: test-chaos
test-chaos: | need-go ## the short set of fault tests on real processes (four minutes)
	$(GO_TEST) -run '^TestScenarios$$' ./internal/test/chaos

.PHONY: test-web
test-web: web/node_modules/.stamp ## unit tests of the web client
	$(NPM) test

.PHONY: e2e
e2e: export TMPDIR := $(or $(IN_MEMORY),$(TMPDIR),/tmp)
e2e: web/dist/index.html | need-go ## two browsers against two real nodes behind nginx; a part: make e2e SPEC=chat
	$(STACK) -browser -env RATE_LIMIT_AUTH=1000 -env RATE_LIMIT_ROOMS=1000 -env RATE_LIMIT_JOINS=1000 -- $(NPM) run e2e $(if $(SPEC),-- $(SPEC))

.PHONY: lint
lint: $(LINTER) web/node_modules/.stamp ## golangci-lint and oxlint
	$(LINTER) run ./...
	$(NPM) run lint

.PHONY: types
types: web/node_modules/.stamp | need-go ## TypeScript, and that the generated wire types are current
	$(NPM) run typecheck
	go test ./internal/tools/webprotocol

.PHONY: generate
generate: | need-go ## openapi.json from the Go code, from both the TypeScript types and decoders, and the documents of the settings
	go run ./cmd/chillin openapi > .openapi.json.new
	mv .openapi.json.new web/openapi.json
	go run ./internal/tools/webprotocol
	go run ./internal/tools/settingdocs

.PHONY: vet
vet: | need-go
	go vet ./...

.PHONY: fmt
fmt: $(LINTER) web/node_modules/.stamp ## format Go, fix what oxlint can fix
	$(LINTER) fmt ./...
	cd web && ./node_modules/.bin/oxlint --fix

# CHAOS_SEED determines all random choices. Without it, a seed is drawn and printed.
CHAOS_SEED ?= 0
CHAOS_TABLE = $(abspath .cache/chaos.md)

.PHONY: chaos
chaos: web/dist/index.html | need-go ## every fault test, with many clients (CHAOS_SEED=…; about 30 minutes)
	mkdir -p .cache
	go test ./internal/test/chaos -run TestScenarios -count=1 -timeout 90m -v -all -long -seed $(CHAOS_SEED) -markdown $(CHAOS_TABLE)
	@printf '\nmake chaos: the table is in %s\n' $(CHAOS_TABLE)

# The tables are .cache/chaos-cluster.md and .cache/chaos-sentinel.md.
.PHONY: chaos-redis
chaos-redis: web/dist/index.html | need-go ## every fault test on a Redis Cluster and on Sentinels, with failovers (about an hour)
	mkdir -p .cache
	for redis in cluster sentinel; do \
	  go test ./internal/test/chaos -run TestScenarios -count=1 -timeout 90m -v -all -long -redis $$redis -seed $(CHAOS_SEED) -markdown $(CURDIR)/.cache/chaos-$$redis.md; \
	done

SOAK ?= 15m
.PHONY: soak
soak: | need-go ## one fault after the other, for the time in SOAK (15m)
	go test ./internal/test/chaos -run TestScenarios -count=1 -timeout 24h -v -soak $(SOAK) -seed $(CHAOS_SEED)

.PHONY: broken
broken: | need-go ## servers that are broken on purpose: the fault tests must detect each
	go test ./internal/test/chaos -run TestBrokenServersAreDetected -count=1 -timeout 60m -v -broken

.PHONY: bench
bench: | need-go ## Go benchmarks; one package: make bench PKG=./internal/store
	go test -run '^$$' -bench . -benchmem $(TESTFLAGS) $(or $(PKG),./...)

PERFORMANCE ?=
.PHONY: performance
performance: bin/chillin | need-go ## measure the tables of docs/performance.md (PERFORMANCE='-only B,D'; half an hour)
	mkdir -p .cache
	go run ./internal/tools/performance -binary bin/chillin -markdown .cache/performance.md -document docs/performance.md -plot docs/latency.svg $(PERFORMANCE)

LOAD ?=
.PHONY: load
load: bin/chillin ## the performance of this machine, as ratios (LOAD='--clients 2000 --rate 50')
	bin/chillin load $(LOAD)

.PHONY: profile
profile: bin/chillin ## CPU, heap and mutex profiles of a load run, in .cache/profiles (LOAD='--clients 2000')
	bin/chillin load --profiles .cache/profiles $(LOAD)

FUZZTIME ?= 30s
.PHONY: fuzz
fuzz: | need-go ## every fuzz target for FUZZTIME each (30s)
	@for pkg in $$(go list ./internal/...); do \
	  for target in $$(go test -list '^Fuzz' $$pkg | grep '^Fuzz' || true); do \
	    echo "$$pkg $$target"; \
	    go test -run '^$$' -fuzz "^$$target\$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 1x $$pkg; \
	  done; \
	done

.PHONY: stack
stack: web/dist/index.html | need-go ## two nodes behind nginx with Postgres, Redis and S3, until Ctrl-C
	$(STACK)

.PHONY: clean
clean: ## remove build results, but not data
	rm -rf bin .cache web/node_modules web/test-results web/playwright-report
	find web/dist -mindepth 1 ! -name .gitkeep -delete

# --- Built files ----------------------------------------------------------------

# node_modules follows the lock file; the stamp is deleted together with the folder.
web/node_modules/.stamp: web/package-lock.json web/package.json | need-node
	$(NPM) ci --no-audit --no-fund
	@touch $@

web/dist/index.html: web/node_modules/.stamp $(WEB_FILES)
	$(NPM) run build
	@touch $@

# The linter is built from a separate module, so that its dependencies do not affect ours.
$(LINTER): internal/tools/golangci-lint/go.mod internal/tools/golangci-lint/go.sum | need-go
	@echo 'building golangci-lint (once, about two minutes)'
	cd internal/tools/golangci-lint && go build -ldflags '-s -w' -o '$(CURDIR)/$@' github.com/golangci/golangci-lint/v2/cmd/golangci-lint
	@touch $@

# --- Required tools -------------------------------------------------------------

.PHONY: need-go need-node need-cc
need-go:
	@v=$$(go env GOVERSION 2>/dev/null) || { echo 'Go is missing: version 1.26 or newer is needed, from https://go.dev/dl' >&2; exit 1; }; \
	v=$${v#go}; v=$${v%% *}; [ "$$(printf '%s\n' 1.26 "$$v" | sort -V | head -1)" = 1.26 ] || \
	  { echo "Go 1.26 or newer is needed, from https://go.dev/dl; this is $$v" >&2; exit 1; }

need-node:
	@v=$$(node --version 2>/dev/null) || { echo 'Node.js is missing: version 20.19 or newer is needed, from https://nodejs.org' >&2; exit 1; }; \
	[ "$$(printf '%s\n' 20.19 "$${v#v}" | sort -V | head -1)" = 20.19 ] || \
	  { echo "Node.js 20.19 or newer is needed, from https://nodejs.org; this is $$v" >&2; exit 1; }; \
	command -v npm >/dev/null || { echo 'npm is missing; it comes with Node.js, from https://nodejs.org' >&2; exit 1; }

need-cc:
	@command -v $${CC:-gcc} >/dev/null || { echo 'A C compiler is missing: the race detector needs one (apt-get install gcc libc6-dev)' >&2; exit 1; }
