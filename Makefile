# One command per habit. `make` alone prints what there is.
PYTHON   ?= python3
LOCK     := requirements.lock
STAMP    := .venv/.ok-$(shell cat $(LOCK) pyproject.toml 2>/dev/null | sha256sum | cut -c1-16)
GENLOCK  := requirements-generate.lock
BENCHLOCK := requirements-bench.lock
BENCHSTAMP := .venv/.bench-$(shell sha256sum $(BENCHLOCK) 2>/dev/null | cut -c1-16)
PYRIGHTLOCK := requirements-pyright.lock
PYRIGHTSTAMP := .venv-pyright/.ok-$(shell sha256sum $(PYRIGHTLOCK) 2>/dev/null | cut -c1-16)
GENSTAMP := .venv-generate/.ok-$(shell sha256sum $(GENLOCK) 2>/dev/null | cut -c1-16)
BIN      := .venv/bin
UV       := 0.13.9
JOBS     ?= 2
ARGS     ?=
.DEFAULT_GOAL := help
.PHONY: help setup run test test-full check lint docs protos generate fresh breaking released runtimes bench lock clean

help:  ## print this help
	@grep -hE '^[a-z-]+:.*## ' Makefile | awk -F':.*## ' '{printf "  make %-10s %s\n", $$1, $$2}'

setup: $(STAMP)  ## make .venv from the hash-pinned lock

run: $(STAMP)  ## set up, start both servers with mutual TLS, play the main job (ONCE=1: leave after it)
	@$(BIN)/python tools/play.py $(if $(ONCE),--once,) $(ARGS)

test: $(STAMP)  ## all tests but the slow suites, on SQLite and PostgreSQL (ARGS="-k name")
	@$(BIN)/python -m pytest -n $(JOBS) --dist loadgroup -m "not full" $(ARGS)

test-full: $(STAMP)  ## the slow suites too
	@$(BIN)/python -m pytest -n $(JOBS) --dist loadgroup $(ARGS)

check: lint fresh breaking test  ## what CI runs: lint, generated code fresh, contract unbroken, tests

lint: $(STAMP) $(PYRIGHTSTAMP)  ## ruff, mypy strict, pyright strict on the examples, import-linter, buf lint
	@$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/mypy && $(BIN)/mypy examples && $(BIN)/lint-imports --no-logo && $(BIN)/buf lint
	@.venv-pyright/bin/basedpyright --level error

docs: $(STAMP)  ## write the tables in docs/ that are made from the code
	@$(BIN)/python -m tools.write_docs

protos: $(STAMP)  ## write dist/kruispunt-protos-VERSION.zip: the contract for other languages
	@$(BIN)/python tools/write_protos.py

generate: $(GENSTAMP) $(STAMP)  ## write what is made: stubs from protos/, clients for threads from those for tasks
	@.venv-generate/bin/python tools/generate.py
	@$(BIN)/python tools/write_sync.py

fresh: $(GENSTAMP) $(STAMP)  ## fail if generating again would change anything
	@.venv-generate/bin/python tools/generate.py --check
	@$(BIN)/python tools/write_sync.py --check

breaking: $(STAMP)  ## fail if the contract broke since the last release
	@$(BIN)/buf build -o - | $(BIN)/buf breaking -\#format=binpb --against protos/released.binpb

released: $(STAMP)  ## at a release: make today's contract the one that may not be broken
	@$(BIN)/buf build -o protos/released.binpb

runtimes: $(STAMP)  ## the client alone beside the oldest and the newest grpcio and protobuf: minutes
	@$(BIN)/python tools/check_runtimes.py

bench: $(STAMP) $(BENCHSTAMP)  ## benchmarks with baselines (ONLY=R1, SIZE=full)
	@$(BIN)/python -m benchmarks $(if $(ONLY),--only $(ONLY),) $(if $(SIZE),--size $(SIZE),)

lock: $(STAMP)  ## resolve the dependencies anew into the hash-pinned locks
	@$(BIN)/python -m pip install -q --disable-pip-version-check uv==$(UV)
	@$(BIN)/uv pip compile -q --upgrade --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url --extra dev pyproject.toml -o $(LOCK)
	@$(BIN)/uv pip compile -q --upgrade --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url tools/generate.in -o $(GENLOCK)
	@$(BIN)/uv pip compile -q --upgrade --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url tools/pyright.in -o $(PYRIGHTLOCK)
	@$(BIN)/uv pip compile -q --upgrade --universal --no-deps --python-version 3.11 --generate-hashes --no-header --no-emit-index-url benchmarks/bench.in -o $(BENCHLOCK)

clean:  ## remove what the other commands made
	rm -rf .venv .venv-generate .venv-pyright .run benchmarks/work

define install  # $(1) environment, $(2) lock
	@$(PYTHON) -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { echo "Need Python 3.11 or newer with venv: apt-get install -y python3-venv"; exit 1; }
	@rm -rf $(1) && $(PYTHON) -m venv $(1)
	@if $(1)/bin/python -m pip install -q --disable-pip-version-check uv==$(UV) 2>/dev/null; \
	 then UV_PYTHON_DOWNLOADS=never $(1)/bin/uv pip install -q --compile-bytecode --python $(1)/bin/python --require-hashes -r $(2); \
	 else $(1)/bin/python -m pip install -q --disable-pip-version-check --require-hashes -r $(2); fi
endef

$(STAMP): $(LOCK) pyproject.toml
	$(call install,.venv,$(LOCK))
	@.venv/bin/python -m pip install -q --disable-pip-version-check --no-deps --no-build-isolation --no-index -e .
	@.venv/bin/python tools/google_protos.py
	@touch $@

$(BENCHSTAMP): $(STAMP) $(BENCHLOCK)
	@$(BIN)/python -m pip install -q --disable-pip-version-check --no-deps --require-hashes -r $(BENCHLOCK)
	@touch $@

$(GENSTAMP): $(GENLOCK)
	$(call install,.venv-generate,$(GENLOCK))
	@touch $@

$(PYRIGHTSTAMP): $(PYRIGHTLOCK)
	$(call install,.venv-pyright,$(PYRIGHTLOCK))
	@touch $@
