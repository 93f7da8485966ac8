# Requires make and Python 3.11 or later. `setup` creates .venv; every other target depends on it.

PYTHON ?= $(shell for python in python3 python3.13 python3.12 python3.11; do \
	"$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo "$$python"; break; }; done)
BIN := .venv/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check
CONTRACT := $(wildcard protos/*.py protos/groundswell/v1/*.proto)
ARGS ?=
# All tests of a file run in one process, because they share servers and models that are expensive to set up.
PYTEST := $(BIN)/python -m pytest --numprocesses logical --dist loadfile

.DEFAULT_GOAL := help
.PHONY: help setup proto demo serve test test-slow test-million lint format bench simulate docs clean

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-12s %s\n", $$1, $$2 }' Makefile

setup: .venv/installed .venv/generated ## Create .venv with Groundswell and the development tools
	@:

.venv/installed: pyproject.toml constraints.txt hatch_build.py
	@test -n "$(PYTHON)" || { echo "Python 3.11 or later was not found; set it with make PYTHON=..." >&2; exit 1; }
	@echo "Installing into .venv (once; takes a minute or two without uv)"
	@$(PYTHON) -m venv .venv
	@$(PIP) --constraint constraints.txt uv 2>/dev/null || true
	@VIRTUAL_ENV=.venv $(BIN)/uv pip install --quiet --compile-bytecode --constraint constraints.txt --editable '.[dev]' 2>/dev/null \
		|| $(PIP) --constraint constraints.txt --editable '.[dev]'
	@touch $@

# Compiled in advance, because a server takes twice as long to start if Python cannot write its bytecode.
.venv/generated: .venv/installed $(CONTRACT)
	@$(BIN)/python protos/generate.py
	@$(BIN)/python -m compileall -q storage server client
	@touch $@

proto: setup ## Generate stubs and clients from the contract
	@$(BIN)/python protos/generate.py

demo: setup ## Run the demo: the suite learns from 500 real posts
	@$(BIN)/groundswell demo $(ARGS)

serve: setup ## Start the server on this machine
	@$(BIN)/groundswell serve $(ARGS)

test: setup ## Run the tests, on SQLite and PostgreSQL
	@$(PYTEST) $(ARGS)

test-slow: setup ## Run the slow tests
	@$(PYTEST) -m slow $(ARGS)

test-million: setup ## Kill server and sender during a million events, on both databases
	@$(PYTEST) -m million $(ARGS)

lint: setup ## Check style, types and the contract
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check
	@$(BIN)/mypy -p groundswell -p groundswell_server -p groundswell_storage
	@$(BIN)/mypy protos hatch_build.py tests/contract/typed_calls.py tests/bench tests/simulate
	@$(BIN)/python protos/check.py

format: setup ## Format the code and fix what ruff can fix
	@$(BIN)/ruff check --fix
	@$(BIN)/ruff format

bench: setup ## Run the benchmarks, each with its baseline
	@$(BIN)/python -m tests.bench $(ARGS)

simulate: setup ## Simulate experiments and compare error rates and power with the guarantees
	@$(BIN)/python -m tests.simulate $(ARGS)

docs: setup ## Build the documentation into site/
	@NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --quiet --strict $(ARGS)
	@echo "site/index.html is the start page"

clean: ## Remove all generated files
	rm -rf groundswell-demo .venv .tools build dist site client/buf client/groundswell/v1 .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
